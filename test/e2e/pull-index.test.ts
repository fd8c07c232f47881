import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

/** The index that a pulled image was chosen from is what the digest in its name is of: it stays with the image. */
const image = `${inject('registry')}/busybox:multi`
const works = { exitCode: 0, stderr: '' }

let world: World
let index: string
const lighter = (...args: string[]) => world.lighter(args)
const blob = () => join(world.data, 'blobs/sha256', index.slice('sha256:'.length))

beforeEach(async () => {
  world = makeWorld('pull-index')
  expect(await lighter('pull', '-q', image)).toMatchObject(works)
  const raw = execFileSync('skopeo', [
    'inspect',
    '--raw',
    '--tls-verify=false',
    `docker://${image}`,
  ])
  const name = readdirSync(join(world.data, 'refs')).find((file) => file.includes('%40sha256'))
  index = decodeURIComponent(name ?? '').replace(/^.*@|\.json$/g, '')
  expect(readFileSync(blob())).toEqual(raw)
})
afterEach(() => world.remove())

test('it stays when garbage is collected, and goes with the image', async () => {
  expect(await lighter('image', 'prune', '-f')).toMatchObject(works)
  expect(existsSync(blob())).toBe(true)
  expect(await lighter('rmi', image)).toMatchObject(works)
  expect(existsSync(blob())).toBe(false)
})

test.each([
  ['missing', () => rmSync(blob())],
  ['damaged', () => truncateSync(blob())],
])('one that is %s is found by a check and brought back by a pull', async (_, spoil) => {
  const whole = readFileSync(blob())
  spoil()
  expect((await lighter('run', '--rm', image, 'echo', 'ran')).stdout).toBe('ran\n')
  const check = await lighter('system', 'check', '--quick')
  expect(check.exitCode).toBe(1)
  expect(check.stdout).toContain(`the blob ${index} of its index is missing or damaged`)
  // It is whole for all that is done with it here.
  await lighter('system', 'check', '--repair', '--force')
  expect((await lighter('run', '--rm', image, 'echo', 'ran')).stdout).toBe('ran\n')
  expect(await lighter('pull', '-q', image)).toMatchObject(works)
  expect(readFileSync(blob())).toEqual(whole)
  expect(await lighter('system', 'check', '--quick')).toMatchObject(works)
})

test('what is saved and pushed is the image of this platform, as before', async () => {
  const archive = join(world.home, 'image.tar')
  expect(await lighter('save', '-o', archive, image)).toMatchObject(works)
  const members = execFileSync('tar', ['-tf', archive], { encoding: 'utf8' })
  expect(members).not.toContain(index.slice('sha256:'.length))
  const copy = `${inject('registry')}/pull-index-${process.pid}:1`
  expect(await lighter('tag', image, copy)).toMatchObject(works)
  expect(await lighter('push', '-q', copy)).toMatchObject(works)
  const raw = execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${copy}`])
  expect(JSON.parse(raw.toString('utf8')).layers).toBeDefined()
})
