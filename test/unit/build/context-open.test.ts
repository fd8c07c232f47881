import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openContext } from '../../../lib/build/context/open.ts'
import { openNamedDirectory } from '../../../lib/build/context/trees.ts'
import type { Selection } from '../../../lib/build/files.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'
import { readDefinition } from '../../../lib/build/read-definition.ts'
import { DockerfileError } from '../../../lib/dockerfile/errors.ts'
import type { Engine } from '../../../lib/engine.ts'
import { plainBuild } from '../../helpers/plain-build.ts'

let base: string
let root: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'lighter-open-'))
  root = join(base, 'context')
  mkdirSync(join(root, 'sub'), { recursive: true })
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

/** As far as contexts that need no native program ask for it. */
const engine = () => ({ paths: { data: join(base, 'data') } }) as unknown as Engine

const optionsOf = (given: Partial<BuildOptions> & { input?: string | Buffer }): BuildOptions => ({
  ...plainBuild,
  context: root,
  stdin: Readable.from([Buffer.from(given.input ?? '')], { objectMode: false }),
  ...given,
})

const nothing = { secret: async () => undefined, agent: async () => undefined }

const open = (given: Parameters<typeof optionsOf>[0]) =>
  openContext(engine(), optionsOf(given), { given: nothing, signal: undefined })

const all: Selection = { patterns: ['.'], exclude: [], parents: false }

describe('the Dockerfile', () => {
  test.each<[string, Record<string, string>, string | undefined, string, string]>([
    ['of the context', { Dockerfile: 'a', dockerfile: 'b' }, undefined, 'Dockerfile', 'a'],
    ['in small letters', { dockerfile: 'b' }, undefined, 'dockerfile', 'b'],
    ['named', { 'sub/Other': 'c' }, 'context/sub/Other', 'Other', 'c'],
    ['outside', { '../Outside': 'd' }, 'Outside', 'Outside', 'd'],
    ['through a link', { 'sub/Real': 'e', Link: '-> sub/Real' }, 'context/Link', 'Link', 'e'],
    ['up to the context', { Real: 'f', 'sub/Link': '-> ../Real' }, 'context/sub/Link', 'Link', 'f'],
  ])('%s', async (_, files, file, name, text) => {
    for (const [path, content] of Object.entries(files)) {
      if (content.startsWith('-> ')) symlinkSync(content.slice(3), join(root, path))
      else writeFileSync(join(root, path), content)
    }
    const opened = await open({ file: file && join(base, file) })
    expect([opened.name, opened.bytes.toString()]).toEqual([name, text])
    expect(opened.describe()).toBe(root)
    await opened.release()
  })

  test.each<[Parameters<typeof optionsOf>[0], string]>([
    [{}, 'failed to read dockerfile: open Dockerfile: no such file or directory'],
    [{ file: '/no/such/Df' }, 'failed to read dockerfile: open Df: no such file or directory'],
    [{ file: '/etc' }, 'failed to read dockerfile: read etc: is a directory'],
    [{ context: '/no/such' }, 'unable to prepare context: path "/no/such" not found'],
    [{ context: '/etc/passwd' }, 'unable to prepare context: path "/etc/passwd" not found'],
    [
      { context: '-', file: '-' },
      "invalid argument: can't use stdin for both build context and dockerfile",
    ],
    [
      { context: '-', file: 'x', input: 'FROM x' },
      'ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles',
    ],
  ])('%j: %s', async (given, message) => {
    await expect(open(given)).rejects.toThrow(message)
  })

  test('is none that a link brings in from elsewhere', async () => {
    writeFileSync(join(base, 'secret'), 'no')
    symlinkSync('../secret', join(root, 'Dockerfile'))
    await expect(open({})).rejects.toThrow('open Dockerfile: no such file or directory')
  })

  test('on standard input, with and without a context', async () => {
    writeFileSync(join(root, 'f'), '')
    const beside = await open({ file: '-', input: 'FROM a' })
    expect(beside.bytes.toString()).toBe('FROM a')
    expect(await beside.tree.readFile('f', 1)).toHaveLength(0)
    const alone = await open({ context: '-', input: 'FROM b' })
    expect([alone.name, alone.bytes.toString()]).toEqual(['Dockerfile', 'FROM b'])
    expect(await alone.tree.select(all)).toEqual([
      {
        path: '',
        kept: '',
        isDirectory: true,
        entries: [{ path: '', type: 'directory', whole: true }],
      },
    ])
    await alone.release()
    expect(readdirSync(join(base, 'data/tmp'))).toEqual([])
    const inline = await open({ inline: 'FROM c' })
    expect(inline.bytes.toString()).toBe('FROM c')
  })

  test('brings its own ignore file', async () => {
    writeFileSync(join(root, '.dockerignore'), 'a\n')
    writeFileSync(join(root, 'sub/Df'), '')
    writeFileSync(join(root, 'sub/Df.dockerignore'), 'b\nsub\n')
    for (const name of ['a', 'b']) writeFileSync(join(root, name), '')
    const own = await open({ file: join(root, 'sub/Df') })
    expect(own.ignored).toMatchObject({ name: 'sub/Df.dockerignore', patterns: ['b', 'sub'] })
    const names = async (selected: Promise<{ entries: { path: string }[] }[]>) =>
      (await selected).flatMap(({ entries }) => entries.map(({ path }) => path))
    expect(await names(own.tree.select(all))).toEqual(['', '.dockerignore', 'a'])
    const usual = await open({ file: '-' })
    expect(await names(usual.tree.select(all))).toEqual(['', '.dockerignore', 'b', 'sub'])
    const missing = await usual.tree
      .digest({ ...all, patterns: ['a'] })
      .catch((error: unknown) => usual.explain(error))
    expect(missing).toBeInstanceOf(DockerfileError)
    expect(missing).toMatchObject({
      message: '"/a": not found',
      hint: '.dockerignore leaves a out.',
    })
  })

  test('has a limit of stages', () => {
    const bytes = Buffer.from('FROM a\n'.repeat(100_000))
    expect(() => readDefinition({ name: 'Dockerfile', bytes })).toThrow('more than 2000 stages')
  })

  test('files that are too large do not count as missing', async () => {
    writeFileSync(join(root, 'Dockerfile'), '')
    writeFileSync(join(root, '.dockerignore'), '')
    truncateSync(join(root, '.dockerignore'), 2 ** 30)
    await expect(open({})).rejects.toThrow('read .dockerignore: it is larger than 1048576 bytes')
    truncateSync(join(root, 'Dockerfile'), 2 ** 30)
    await expect(open({})).rejects.toThrow(
      'failed to read dockerfile: read Dockerfile: it is larger than 16777216 bytes',
    )
  })

  test('an ignore file that is none is refused', async () => {
    writeFileSync(join(root, 'Dockerfile'), '')
    writeFileSync(join(root, '.dockerignore'), 'a\n!\n')
    await expect(open({})).rejects.toThrow(
      'invalid excludepatterns: [a !]: illegal exclusion pattern: "!"',
    )
  })
})

test('a named context has an ignore file, too', async () => {
  writeFileSync(join(root, '.dockerignore'), 'sub\n')
  const { tree } = openNamedDirectory(engine(), 'n', root)
  await expect(tree.select({ ...all, patterns: ['sub'] })).rejects.toThrow('"/sub": not found')
  expect(() => openNamedDirectory(engine(), 'n', '/no/such')).toThrow(
    'failed to get build context n: stat /no/such: no such file or directory',
  )
  expect(() => openNamedDirectory(engine(), 'n', '/etc/passwd')).toThrow('not a directory')
})
