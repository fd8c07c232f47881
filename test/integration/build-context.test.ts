import { execFileSync } from 'node:child_process'
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openArchive } from '../../lib/build/context/archive.ts'
import { openLayers } from '../../lib/build/context/layers.ts'
import { openHostTree } from '../../lib/build/context/trees.ts'
import type { FileTree, Selection } from '../../lib/build/files.ts'
import type { Digest } from '../../lib/core/ids.ts'
import { createEngine, type Engine } from '../../lib/engine.ts'

let base: string
let context: string
let engine: Engine
let layers: FileTree
let release: () => Promise<void>

beforeAll(async () => {
  base = mkdtempSync(join(inject('work'), 'context-'))
  context = join(base, 'context')
  mkdirSync(join(context, 'd/e'), { recursive: true })
  for (const path of ['f', 'd/g', 'd/e/h']) writeFileSync(join(context, path), path)
  const links = { l: 'd', link: 'd/g', 'd/up': '../f', abs: '/d/e', dangling: 'nosuch' }
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(context, path))
  execFileSync('mkfifo', [join(context, 'd/fifo')])
  process.env.LIGHTER_NATIVE = inject('nativeProgram')
  engine = createEngine({ ...process.env, LIGHTER_DATA_DIR: join(base, 'data') })
  const archive = tar('-czf', '-', '--owner=0', '--group=0', '.')
  const opened = await openArchive(engine, Readable.from([archive], { objectMode: false }))
  layers = opened.tree
  release = opened.release
})

afterAll(async () => {
  await release?.()
  rmSync(base, { recursive: true, force: true })
})

const tar = (...args: string[]): Buffer => execFileSync('tar', ['-C', context, ...args])
const host = (): FileTree => openHostTree(engine, context, []).tree
const selection = (patterns: string[], exclude: string[] = [], parents = false): Selection => ({
  patterns,
  exclude,
  parents,
})

describe('layers and a directory with the same files', () => {
  test.each<[Selection]>([
    [selection(['.'])],
    [selection(['d'])],
    [selection(['f', 'd/g'])],
    [selection(['l'])],
    [selection(['l/g'])],
    [selection(['link'])],
    [selection(['abs/h'])],
    [selection(['d/*'])],
    [selection(['*/*/h'])],
    [selection(['nosuch*'])],
    [selection(['d'], ['e'])],
    [selection(['.'], ['**/h'])],
    [selection(['**/h'], [], true)],
    [selection(['d/./e'], [], true)],
  ])('say the same of %j', async (wanted) => {
    expect(await layers.select(wanted)).toEqual(await host().select(wanted))
    expect(await layers.digest(wanted)).toBe(await host().digest(wanted))
  })

  test.each(['nosuch', 'd/nosuch', 'f/x', 'dangling', 'dang*'])('refuse %s', async (pattern) => {
    const told = await host()
      .digest(selection([pattern]))
      .catch((error: Error) => error.message)
    await expect(layers.digest(selection([pattern]))).rejects.toThrow(told)
  })

  test('read the same files', async () => {
    for (const path of ['f', 'l/g', 'abs/h', 'nosuch', 'd', '../f'])
      expect(await layers.readFile(path, 100)).toEqual(await host().readFile(path, 100))
  })
})

test('what was selected of layers is remembered', async () => {
  const { layers: digests } = layers.origin as { layers: readonly Digest[] }
  const digest = await layers.digest(selection(['.']))
  // Without a native program nothing else could be said.
  const blind = { ...engine, native: () => expect.unreachable() } as Engine
  expect(await openLayers(blind, digests).digest(selection(['.']))).toBe(digest)
})

test('owners count in layers, and a file of another is read', async () => {
  const archive = tar('-cf', '-', '--owner=5', '--group=6', '--mode=0600', 'f')
  const owned = await openArchive(engine, Readable.from([archive], { objectMode: false }))
  expect((await owned.tree.readFile('f', 10))?.toString()).toBe('f')
  const plain = tar('-cf', '-', '--owner=0', '--group=0', '--mode=0600', 'f')
  const rootly = await openArchive(engine, Readable.from([plain], { objectMode: false }))
  const digests = [owned, rootly].map(({ tree }) => tree.digest(selection(['f'])))
  const [one, other] = await Promise.all(digests)
  expect(one).not.toBe(other)
  await owned.release()
  await rootly.release()
})

test('extended attributes count', async () => {
  const first = await host().digest(selection(['f']))
  execFileSync('setfattr', ['-n', 'user.test', '-v', '1', join(context, 'f')])
  expect(await host().digest(selection(['f']))).not.toBe(first)
  execFileSync('setfattr', ['-x', 'user.test', join(context, 'f')])
  expect(await host().digest(selection(['f']))).toBe(first)
})

test('an archive that is none leaves nothing', async () => {
  const path = join(base, 'broken')
  writeFileSync(path, tar('-czf', '-', '.').subarray(0, 100))
  const before = readdirSync(join(base, 'data/tmp'))
  await expect(openArchive(engine, createReadStream(path))).rejects.toThrow(
    'failed to read context',
  )
  expect(readdirSync(join(base, 'data/tmp'))).toEqual(before)
})
