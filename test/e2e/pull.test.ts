import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { stallOnce } from '../helpers/faults.ts'
import { type Front, type Intercept, isBlob, startFront } from '../helpers/front.ts'
import { finish, makeWorld, type World } from '../helpers/world.ts'

let world: World
let fronts: Front[] = []
const registry = () => inject('registry')

beforeEach(() => {
  world = makeWorld('pull')
})

afterEach(async () => {
  for (const front of fronts) await front.stop()
  fronts = []
  await world.remove()
})

async function front(intercept: Intercept): Promise<Front> {
  const made = await startFront(registry(), intercept)
  fronts.push(made)
  return made
}

const refs = (): string[] => names('refs')
const names = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []
const lines = (text: string): string[] => text.split('\n').filter(Boolean)

/** Waits until a download has come that far. */
async function partialOf(size: number): Promise<void> {
  for (let attempt = 0; attempt < 1200; attempt++) {
    const partial = names('downloads').find((name) => name.endsWith('.partial'))
    if (partial && statSync(join(world.data, 'downloads', partial)).size >= size) return
    await sleep(50)
  }
  throw new Error('nothing was downloaded')
}

describe('the words of Docker', () => {
  test('a pull, and again', async () => {
    const name = `${registry()}/busybox`
    const first = await world.lighter(['pull', name])
    expect(first.stderr).toBe('')
    const said = lines(first.stdout)
    const [one, two] = said.flatMap((line) => /^(\w{12}): Pulling fs layer$/.exec(line)?.[1] ?? [])
    for (const status of ['Verifying Checksum', 'Download complete', 'Pull complete']) {
      expect(said).toContain(`${one}: ${status}`)
      expect(said).toContain(`${two}: ${status}`)
    }
    expect(said.slice(0, 2)).toEqual(['Using default tag: latest', 'latest: Pulling from busybox'])
    const end = said.slice(-3)
    expect(end[0]).toMatch(/^Digest: sha256:[0-9a-f]{64}$/)
    expect(end.slice(1)).toEqual([
      `Status: Downloaded newer image for ${name}:latest`,
      `${name}:latest`,
    ])

    expect(lines((await world.lighter(['pull', name])).stdout)).toEqual([
      'Using default tag: latest',
      'latest: Pulling from busybox',
      end[0],
      `Status: Image is up to date for ${name}:latest`,
      `${name}:latest`,
    ])
    expect((await world.lighter(['pull', '-q', name])).stdout).toBe(`${name}:latest\n`)
  })

  test('by digest', async () => {
    const name = `${registry()}/busybox`
    const digest = /sha256:\w+/.exec((await world.lighter(['pull', name])).stdout)?.[0]
    const { stdout } = await world.lighter(['pull', `${name}:latest@${digest}`])
    expect(lines(stdout)).toEqual([
      `${name}@${digest}: Pulling from busybox`,
      `Digest: ${digest}`,
      `Status: Image is up to date for ${name}@${digest}`,
      `${name}:latest@${digest}`,
    ])
  })

  const daemon = 'Error response from daemon: '
  const wrong = `busybox@sha256:${'a'.repeat(64)}`
  test.each([
    ['busybox:nosuch', [], `${daemon}manifest for HOST/busybox:nosuch not found: manifest unknown`],
    ['nosuch', [], `${daemon}manifest for HOST/nosuch:latest not found: manifest unknown`],
    [wrong, [], `${daemon}manifest for HOST/${wrong} not found: manifest unknown`],
    [
      'busybox:multi',
      ['--platform', 'linux/s390x'],
      'no matching manifest for linux/s390x in the manifest list entries',
    ],
    [
      'busybox:arm64',
      ['--platform', 'linux/amd64'],
      'image with reference HOST/busybox:arm64 was found but does not match the specified platform: wanted linux/amd64, actual: linux/arm64',
    ],
    [
      'busybox',
      ['--platform', 'a/b/c/d'],
      `${daemon}"a/b/c/d": cannot parse platform specifier: invalid argument`,
    ],
  ])('%s %j', async (image, flags, sentence) => {
    const outcome = await world.lighter(['pull', ...flags, `${registry()}/${image}`])
    expect(outcome.stderr).toContain(sentence.replace('HOST', registry()))
    expect(lines(outcome.stderr)).toHaveLength(1)
    expect(outcome.exitCode).toBe(1)
    expect(refs()).toEqual([])
  })

  test.each([
    ['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase\n'],
    [
      '127.0.0.1:1/x',
      `${daemon}Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused\n`,
    ],
    ['nosuch.invalid/x', /lookup nosuch\.invalid/],
  ])('%s', async (image, sentence) => {
    const outcome = await world.lighter(['pull', '-q', image])
    expect(outcome.stderr).toMatch(sentence)
    expect(outcome.exitCode).toBe(1)
  })
})

test.each(['busybox:zstd', 'busybox:schema2', 'busybox:multi'])('%s runs', async (image) => {
  const name = `${registry()}/${image}`
  expect((await world.lighter(['pull', name])).stderr).toBe('')
  const command = ['run', '--rm', '--network', 'none', name, 'cat', '/etc/from-second-layer']
  expect(await world.lighter(command)).toEqual({ exitCode: 0, stdout: 'second\n', stderr: '' })
})

test('of several platforms the wanted one', async () => {
  const name = `${registry()}/busybox:multi`
  await world.lighter(['pull', '--platform', 'linux/arm64', name])
  const inspected = JSON.parse((await world.lighter(['image', 'inspect', name])).stdout)
  expect(inspected[0].Architecture).toBe('arm64')
})

describe('interrupted', () => {
  test.each([
    ['SIGTERM', 137],
    ['SIGINT', 137],
    ['SIGKILL', 137],
  ] as const)('%s: the next pull goes on where it was', async (signal, exitCode) => {
    const { host, seen } = await front(stallOnce(4 * 1024 * 1024))
    const child = world.start(['pull', `${host}/debian:bookworm`])
    const ended = finish(child)
    await partialOf(1024 * 1024)
    const begin = Date.now()
    child.kill(signal)
    expect((await ended).exitCode).toBe(exitCode) // how the helper words an end by a signal
    expect(Date.now() - begin).toBeLessThan(20_000)
    expect(refs()).toEqual([])

    const again = await world.lighter(['pull', `${host}/debian:bookworm`])
    expect(again.stderr).toBe('')
    expect(seen.some(({ range }) => /^bytes=[1-9]\d{5,}-$/.test(range ?? ''))).toBe(true)
    expect(names('tmp')).toEqual([])
    expect(names('downloads')).toEqual([])
  })

  test('a damaged part is thrown away and fetched anew', async () => {
    const { host } = await front(stallOnce(4 * 1024 * 1024))
    const child = world.start(['pull', `${host}/debian:bookworm`])
    const ended = finish(child)
    await partialOf(1024 * 1024)
    child.kill('SIGKILL')
    await ended
    const partial = names('downloads').find((name) => name.endsWith('.partial')) ?? ''
    const path = join(world.data, 'downloads', partial)
    writeFileSync(path, Buffer.alloc(statSync(path).size, 'x'))
    const again = await world.lighter(['pull', `${host}/debian:bookworm`])
    expect(again).toMatchObject({ exitCode: 0, stderr: '' })
    expect(names('downloads')).toEqual([])
  })

  test('a connection that breaks is taken up again by the same command', async () => {
    let broken = 0
    const { host, seen } = await front((request, response, forward) => {
      if (!isBlob(request) || broken > 2) return forward()
      forward((piece, offset) => {
        if (offset > 300_000 && broken++ < 3) response.destroy()
        return piece
      })
    })
    const outcome = await world.lighter(['pull', `${host}/debian:bookworm`])
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(seen.filter(({ range }) => range).length).toBeGreaterThan(0)
  })
})

test('the carried image needs no network, whatever the policy', async () => {
  for (const policy of ['always', 'missing', 'never']) {
    const command = ['run', '--rm', '--network', 'none', `--pull=${policy}`, 'lighter/hello']
    const outcome = await world.lighter([...command, 'echo', 'here'])
    expect(outcome).toEqual({ exitCode: 0, stdout: 'here\n', stderr: '' })
  }
})
