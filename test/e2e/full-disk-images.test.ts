import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const works = { exitCode: 0, stderr: '' }
const KIB = 1024

let world: World
let store: string
let filler: string
const lighter = (...args: string[]) => world.lighter(args)
const names = (folder: string): string[] => {
  const path = join(world.data, folder)
  return existsSync(path) ? readdirSync(path) : []
}

beforeEach(() => {
  world = makeWorld('full-images')
  store = join(world.home, '.local/share')
  filler = join(store, 'filler')
  mkdirSync(store, { recursive: true })
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, join(world.home, '.local')])
  const options = `size=24m,mode=700,uid=${world.ids.uid},gid=${world.ids.gid}`
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', store])
})
afterEach(async () => {
  execFileSync('umount', [store])
  await world.remove()
})

/** Leaves so many bytes. */
function fillBut(bytes: number): void {
  const { bavail, bsize } = statfsSync(store)
  execFileSync('fallocate', ['-l', String(bavail * bsize - bytes), filler])
}

/** One sentence, no name, no work; and when there is room again, all goes well and all is whole. */
async function expectRefused(bytes: number, code: number, ...args: string[]): Promise<void> {
  const refs = names('refs')
  fillBut(bytes)
  const outcome = await lighter(...args)
  const story = `${args[0]} with ${bytes} bytes: ${JSON.stringify(outcome)}`
  expect(outcome.stderr, story).toMatch(
    /^[^\n]*(no space left on device|disk quota exceeded)[^\n]*\n([^\n]*--help[^\n]*\n)?$/i,
  )
  expect(outcome.exitCode, story).toBe(code)
  expect(names('refs'), story).toEqual(refs)
  const left = [...names('tmp'), ...names('containers'), ...names('names')]
  expect(left, story).toEqual([])
  expect(
    names('downloads').filter((name) => !name.endsWith('.owner')),
    story,
  ).toEqual([])
  rmSync(filler)
}

async function expectWhole(): Promise<void> {
  const { exitCode, stdout, stderr } = await lighter('system', 'check', '--max', '0s')
  expect(stdout).toMatch(/^Checked 1 image, [^\n]*: 0 damaged\n$/)
  expect({ exitCode, stderr }).toEqual(works)
}

/** From nearly nothing to nearly enough: blobs take one megabyte, layers two. */
const ROOM = [16, 300, 900, 1200, 2000, 2600].map((size) => size * KIB)

test.each(ROOM)('a pull with %i bytes left', async (bytes) => {
  // The program itself is unpacked first.
  expect(await lighter('ps')).toMatchObject(works)
  await expectRefused(bytes, 1, 'pull', '-q', image)
  expect(await lighter('pull', '-q', image)).toMatchObject(works)
  await expectWhole()
})

test.each(ROOM)('a load with %i bytes left', async (bytes) => {
  expect(await lighter('pull', '-q', image)).toMatchObject(works)
  expect(await lighter('save', '-o', join(world.home, 'image.tar'), image)).toMatchObject(works)
  expect(await lighter('rmi', image)).toMatchObject(works)
  const load = ['load', '-q', '-i', join(world.home, 'image.tar')]
  await expectRefused(bytes, 1, ...load)
  expect(await lighter(...load)).toMatchObject(works)
  await expectWhole()
})

test.each([16, 300, 900, 1500].map((size) => size * KIB))(
  'unpacking anew with %i bytes left',
  async (bytes) => {
    expect(await lighter('pull', '-q', image)).toMatchObject(works)
    for (const name of names('layers')) {
      const path = join(world.data, 'layers', name)
      rmSync(path, { recursive: true, maxRetries: 5 })
    }
    await expectRefused(bytes, 125, 'run', '--rm', '--network', 'none', image, 'true')
    const run = await lighter('run', '--rm', '--network', 'none', image, 'true')
    expect(run).toMatchObject(works)
    await expectWhole()
  },
)

/** A few kB that unpack to megabytes: nothing but the disk says how large a layer may be. */
test('a layer that unpacks to more than there is', async () => {
  const layout = join(world.home, 'layout')
  const bomb = makeArchive([{ path: 'bomb', data: Buffer.alloc(64 * KIB * KIB) }])
  writeImageLayout(layout, { layers: [bomb], compression: 'zstd' })
  pushLayout(layout, inject('registry'), `bomb-${process.pid}:1`)
  expect(await lighter('ps')).toMatchObject(works)
  await expectRefused(
    16 * KIB * KIB,
    1,
    'pull',
    '-q',
    `${inject('registry')}/bomb-${process.pid}:1`,
  )
  // Its blobs came whole and are small: they go as what nothing refers to.
  expect(await lighter('image', 'prune', '-f')).toMatchObject(works)
  expect(names('blobs/sha256')).toEqual([])
  expect(await lighter('pull', '-q', image)).toMatchObject(works)
  await expectWhole()
})

test('a check without room says what it could not verify, and finds no damage with what it knows', async () => {
  expect(await lighter('pull', '-q', image)).toMatchObject(works)
  fillBut(600 * KIB)
  const blind = await lighter('system', 'check')
  expect(blind.stdout).toMatch(
    /^damaged: layer sha256:\w{64}: it cannot be verified: [^\n]*no space left on device; check it again$/im,
  )
  expect(blind).toMatchObject({ exitCode: 1, stderr: '' })
  expect(names('tmp')).toEqual([])
  rmSync(filler)
  await expectWhole()
  fillBut(0)
  await expectWhole()
})
