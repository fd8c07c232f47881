import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) => lighter('run', '--rm', '--network', 'none', ...args)
const volumes = (): string[] => {
  const path = join(world.data, 'volumes')
  return existsSync(path) ? readdirSync(path).sort() : []
}

beforeAll(async () => {
  world = makeWorld('volumes')
  await lighter('pull', '-q', image)
})
afterAll(async () => {
  for (const name of volumes()) await run('-v', `${name}:/v`, image, 'sh', '-c', 'rm -rf /v/*')
  await world.remove()
})

describe('a named volume over a directory of the image', () => {
  test('starts with its content, and keeps what is changed', async () => {
    const first = await run(
      '-v',
      'filled:/etc',
      image,
      'sh',
      '-c',
      'ls /etc; rm /etc/group; > /etc/mine',
    )
    expect(first).toMatchObject({ exitCode: 0, stderr: '' })
    expect(first.stdout).toMatch(/^group$[\s\S]*^passwd$/m)
    const second = await run('-v', 'filled:/etc', image, 'ls', '/etc')
    expect(second.stdout).toMatch(/^mine$/m)
    expect(second.stdout).not.toMatch(/^group$/m)
  })

  test('has owner and mode of the directory', async () => {
    expect((await run('-v', 'temporary:/tmp', image, 'stat', '-c', '%a', '/tmp')).stdout).toBe(
      '1777\n',
    )
  })

  test('nocopy leaves it empty but for the mounts in it', async () => {
    const { stdout } = await run('-v', 'bare:/etc:nocopy', image, 'ls', '/etc')
    expect(stdout).toBe('hostname\nhosts\nresolv.conf\n')
  })

  test('read-only from the start', async () => {
    const outcome = await run('-v', 'fixed:/etc:ro', image, 'sh', '-c', 'ls /etc/passwd; > /etc/x')
    expect(outcome.stdout).toBe('/etc/passwd\n')
    expect(outcome.stderr).toMatch(/Read-only file system/)
  })

  test('two first users at once', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => run('-v', 'shared:/etc', image, 'cat', '/etc/passwd')),
    )
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0])
  })

  test('a place that the image does not have', async () => {
    expect((await run('-v', 'fresh:/new/place', image, 'ls', '-A', '/new/place')).stdout).toBe('')
  })
})

describe('anonymous volumes', () => {
  test('go with --rm and with rm -v, and stay with rm', async () => {
    const before = volumes()
    await run('-v', '/data', image, 'true')
    expect(volumes()).toEqual(before)

    await lighter('create', '--name', 'holder', '-v', '/data', image)
    expect(volumes()).toHaveLength(before.length + 1)
    await lighter('rm', '-v', 'holder')
    expect(volumes()).toEqual(before)

    await lighter('create', '--name', 'holder', '-v', '/data', image)
    await lighter('rm', 'holder')
    expect(volumes()).toHaveLength(before.length + 1)
  })
})

test('a bind mount of the whole /dev', async () => {
  const outcome = await run('-v', '/dev:/dev', image, 'sh', '-c', 'test -c /dev/null && echo there')
  expect(outcome).toMatchObject({ exitCode: 0, stdout: 'there\n' })
})

test('-v makes a missing source; where that cannot be, it says so', async () => {
  const source = join(world.home, 'made/deep')
  expect((await run('-v', `${source}:/x`, image, 'touch', '/x/y')).exitCode).toBe(0)
  expect(readdirSync(source)).toEqual(['y'])
  for (const place of ['/proc/nosuch/deep', '/etc/passwd/deep', '/root/deep']) {
    const refused = await run('-v', `${place}:/x`, image, 'true')
    expect(refused.stderr).toContain(`error while creating mount source path '${place}': mkdir`)
    expect(refused.exitCode).toBe(125)
  }
  const closed = await run('--mount', 'type=bind,source=/root/x,target=/x', image, 'true')
  expect(closed.stderr).toMatch(/stat \/root\/x: permission denied/)
  expect(closed.exitCode).toBe(125)
})
