import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { splitPaths } from '../../../lib/build/context/command-lines.ts'
import { openDirectory } from '../../../lib/build/context/directory.ts'
import { readIgnoreFile } from '../../../lib/build/context/ignore.ts'
import type { FileTree, Selection } from '../../../lib/build/files.ts'

let base: string
let root: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'lighter-context-'))
  root = join(base, 'context')
  mkdirSync(root)
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

/** Text of a file; `undefined`: a directory; `-> target`: a link. */
function make(files: Record<string, string | undefined>): void {
  for (const [path, content] of Object.entries(files)) {
    const place = join(root, path)
    mkdirSync(content === undefined ? place : dirname(place), { recursive: true })
    if (content?.startsWith('-> ')) symlinkSync(content.slice(3), place)
    else if (content !== undefined) writeFileSync(place, content)
  }
}

const open = (ignored: string[] = [], data?: string): FileTree =>
  openDirectory(root, { data, ignored, attributes: undefined })

const selection = (patterns: string[], more: Partial<Selection> = {}): Selection => ({
  patterns,
  exclude: [],
  parents: false,
  ...more,
})

/** What is taken, in one line for each source; `*`: as a whole. */
async function taken(tree: FileTree, patterns: string[], more: Partial<Selection> = {}) {
  const selected = await tree.select(selection(patterns, more))
  return selected.map(({ path, kept, entries }) => {
    const names = entries.map(({ path, whole }) => `${path || '.'}${whole ? '*' : ''}`)
    return `${path || '.'}${kept && ` as ${kept}`}: ${names.join(' ')}`
  })
}

const TREE = {
  'a.txt': 'a',
  'b.md': 'b',
  'dir/b.txt': 'b',
  'dir/sub/s': 's',
  'dir/up': '-> ../a.txt',
  link: '-> a.txt',
  linkdir: '-> dir',
  out: '-> ../../../../../a.txt',
  abs: '-> /dir/sub',
  'we[i]rd/x': 'w',
}

describe('sources', () => {
  test.each<[patterns: string[], expected: string[]]>([
    [['a.txt'], ['a.txt: a.txt*']],
    [['/a.txt'], ['a.txt: a.txt*']],
    [['a.txt/'], ['a.txt: a.txt*']],
    [['../../a.txt'], ['a.txt: a.txt*']],
    [['dir/../a.txt'], ['a.txt: a.txt*']],
    [['.'], ['.: .*']],
    [['dir'], ['dir: dir*']],
    [['link'], ['link: a.txt*']],
    [['linkdir'], ['linkdir: dir*']],
    [['linkdir/b.txt'], ['dir/b.txt: dir/b.txt*']],
    [['dir/up'], ['dir/up: a.txt*']],
    [['out'], ['out: a.txt*']],
    [['abs'], ['abs: dir/sub*']],
    [['abs/s'], ['dir/sub/s: dir/sub/s*']],
    [['*.txt'], ['a.txt: a.txt*']],
    [
      ['*.txt', 'b.md'],
      ['a.txt: a.txt*', 'b.md: b.md*'],
    ],
    [['nosuch*'], []],
    [['nosuch/*'], []],
    [['a.txt/*'], []],
    [['di?'], ['dir: dir*']],
    [['l*'], ['link: a.txt*', 'linkdir: dir*']],
    [['*/*.txt'], ['dir/b.txt: dir/b.txt*']],
    [['linkdir/*/s'], ['dir/sub/s: dir/sub/s*']],
    [['link*/*.txt'], []],
    [['**/s'], []],
    [['dir/**/s'], ['dir/sub/s: dir/sub/s*']],
    [['we[[]i]rd/x'], ['we[i]rd/x: we[i]rd/x*']],
    [['we[i]rd/x'], []],
  ])('%j', async (patterns, expected) => {
    make(TREE)
    expect(await taken(open(), patterns)).toEqual(expected)
  })

  // As the BuildKit of Docker 26.1 says it.
  test.each([
    ['links/root/etc/x', '/links/root/etc/x'],
    ['links/up/nosuch', '/links/up/nosuch'],
    ['links/file/x', '/links/file/x'],
    ['links/last', '/links/sub/nosuch'],
    ['links/last/x', '/links/last/x'],
    ['links/above', '/nosuch'],
    ['links/up/links/last', '/links/up/links/sub/nosuch'],
  ])('what %s does not lead to', async (pattern, told) => {
    make({
      'links/root': '-> /',
      'links/up': '-> ..',
      'links/file': '-> /f',
      'links/last': '-> sub/nosuch',
      'links/above': '-> ../../nosuch',
      f: 'f',
    })
    await expect(taken(open(), [pattern])).rejects.toThrow(`${JSON.stringify(told)}: not found`)
  })

  test.each([
    ['nosuch', '"/nosuch": not found'],
    ['dir/nosuch', '"/dir/nosuch": not found'],
    ['a.txt/b', '"/a.txt/b": not found'],
    ['dangling', '"/gone/x": not found'],
    ['dangl*', '"/gone/x": not found'],
    ['leaving', '"/etc/passwd": not found'],
    ['loop', 'too many links'],
    ['we[i', 'syntax error in pattern'],
  ])('%s is refused', async (pattern, message) => {
    make({ ...TREE, dangling: '-> gone/x', leaving: '-> ../../etc/passwd', loop: '-> loop' })
    await expect(open().digest(selection([pattern]))).rejects.toThrow(message)
    await expect(open().select(selection([pattern]))).rejects.toThrow(message)
  })

  test('what is left out of a directory is not there', async () => {
    make({ 'keep/a': 'a', 'keep/b': 'b', 'sub/keep/f': 'f', 'sub/g': 'g', 'x/y': 'y' })
    const tree = open(['sub', '!sub/keep', 'keep/b', 'x'])
    expect(await taken(tree, ['.'])).toEqual(['.: . keep keep/a* sub sub/keep*'])
    expect(await taken(tree, ['sub'])).toEqual(['sub: sub sub/keep*'])
    expect(await taken(tree, ['*'])).toEqual(['keep: keep keep/a*', 'sub: sub sub/keep*'])
    await expect(taken(tree, ['x'])).rejects.toThrow('"/x": not found')
    await expect(taken(tree, ['sub/g'])).rejects.toThrow('"/sub/g": not found')
    await expect(taken(open(['sub', '!sub/none']), ['sub'])).rejects.toThrow('"/sub": not found')
    expect(await taken(open(['**']), ['.'])).toEqual(['.: .'])
    expect(await taken(open(['**', '!keep/a']), ['.'])).toEqual(['.: . keep keep/a*'])
  })

  test('--exclude', async () => {
    make({ 'd/a.txt': '', 'd/b': '', 'd/e/a.txt': '', 'd/e/c': '', 'f.txt': '', g: '' })
    const without = (...exclude: string[]) => ({ exclude })
    expect(await taken(open(), ['d'], without('*.txt'))).toEqual(['d: d d/b* d/e*'])
    expect(await taken(open(), ['d'], without('**/*.txt'))).toEqual(['d: d d/b* d/e d/e/c*'])
    expect(await taken(open(), ['d'], without('e', '!e/c'))).toEqual([
      'd: d d/a.txt* d/b* d/e d/e/c*',
    ])
    expect(await taken(open(), ['d'], without('d/b'))).toEqual(['d: d*'])
    expect(await taken(open(), ['*'], without('*.txt'))).toEqual(['d: d d/b* d/e*', 'g: g*'])
    expect(await taken(open(), ['f.txt'], without('*.txt'))).toEqual(['f.txt: f.txt*'])
  })

  test('--parents', async () => {
    make({ 'a/b/c.txt': '', 'a/b/d': '', 'a/e.txt': '', 'f.txt': '', l: '-> f.txt', 'z/q': '' })
    const parents = { parents: true }
    expect(await taken(open(), ['a/b/c.txt'], parents)).toEqual([
      'a as a: a',
      'a/b as a/b: a/b',
      'a/b/c.txt as a/b/c.txt: a/b/c.txt*',
    ])
    expect(await taken(open(), ['./a/b'], parents)).toEqual(['a as a: a', 'a/b as a/b: a/b*'])
    expect(await taken(open(), ['a/./b/c.txt'], parents)).toEqual([
      'a/b as b: a/b',
      'a/b/c.txt as b/c.txt: a/b/c.txt*',
    ])
    expect(await taken(open(), ['**/*.txt'], parents)).toEqual([
      'a as a: a',
      'a/b as a/b: a/b',
      'a/b/c.txt as a/b/c.txt: a/b/c.txt*',
      'a/e.txt as a/e.txt: a/e.txt*',
      'f.txt as f.txt: f.txt*',
    ])
    expect(await taken(open(), ['l'], parents)).toEqual(['l as l: l*'])
    expect(await taken(open(), ['nosuch*'], parents)).toEqual([])
    expect(await taken(open(), ['a'], { parents: true, exclude: ['a/b'] })).toEqual([
      'a as a: a a/e.txt*',
    ])
    await expect(taken(open(), ['a/./nosuch'], parents)).rejects.toThrow('"/a/nosuch": not found')
  })
})

describe('digests', () => {
  const digestOf = (patterns = ['.'], more: Partial<Selection> = {}) =>
    open().digest(selection(patterns, more))

  test('are of the content alone', async () => {
    make({ 'a/f': 'one', 'a/g': '-> f' })
    const first = await digestOf(['a'])
    utimesSync(join(root, 'a/f'), 1, 1)
    if (process.getuid?.() === 0) chownSync(join(root, 'a/f'), 1000, 1000)
    expect(await digestOf(['a'])).toBe(first)
    renameSync(join(root, 'a'), join(root, 'b'))
    expect(await digestOf(['b'])).toBe(first)
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  test.each<[string, () => void]>([
    ['content', () => writeFileSync(join(root, 'a/f'), 'two')],
    ['mode', () => chmodSync(join(root, 'a/f'), 0o4755)],
    ['mode of the directory', () => chmodSync(join(root, 'a'), 0o700)],
    ['name', () => renameSync(join(root, 'a/f'), join(root, 'a/h'))],
    ['file', () => writeFileSync(join(root, 'a/new'), '')],
    ['place', () => renameSync(join(root, 'a/f'), join(root, 'a/d/f'))],
    [
      'link',
      () => {
        rmSync(join(root, 'a/g'))
        symlinkSync('d', join(root, 'a/g'))
      },
    ],
    [
      'type',
      () => {
        rmSync(join(root, 'a/f'))
        execFileSync('mkfifo', [join(root, 'a/f')])
      },
    ],
  ])('change with the %s', async (_, change) => {
    make({ 'a/f': 'one', 'a/g': '-> f', 'a/d': undefined })
    const first = await digestOf(['a'])
    change()
    expect(await digestOf(['a'])).not.toBe(first)
  })

  test('are of what is selected alone', async () => {
    make({ 'a/f': 'one', 'b/f': 'two', '.dockerignore': 'b' })
    const ignored = readIgnoreFile(root, undefined)?.patterns.slice() ?? []
    const [first, narrow] = [await open(ignored).digest(selection(['.'])), await digestOf(['a'])]
    writeFileSync(join(root, 'b/f'), 'three')
    expect(await open(ignored).digest(selection(['.']))).toBe(first)
    expect(await digestOf(['a'])).toBe(narrow)
    expect(await digestOf(['.'], { exclude: ['b'] })).not.toBe(await digestOf(['.']))
    // Nothing tells where a list of files ends but the digest itself.
    expect(await digestOf(['a', 'b'])).not.toBe(await digestOf(['a', 'a']))
  })

  test('a file keeps its name, a directory does not', async () => {
    make({ f: 'one' })
    linkSync(join(root, 'f'), join(root, 'g'))
    expect(await digestOf(['f'])).not.toBe(await digestOf(['g']))
  })

  test('large files, sockets and a change after the copy', async () => {
    make({ 'a/large': 'x'.repeat(3_000_000), 'a/small': '' })
    const tree = open()
    const first = await tree.digest(selection(['a']))
    expect(await tree.isUnchanged(selection(['a']))).toBe(true)
    writeFileSync(join(root, 'a/large'), `${'x'.repeat(2_999_999)}y`)
    expect(await tree.isUnchanged(selection(['a']))).toBe(false)
    expect(await tree.digest(selection(['a']))).toBe(first)
    rmSync(join(root, 'a'), { recursive: true })
    expect(await tree.isUnchanged(selection(['a']))).toBe(false)
  })

  test('reading ends when it is told to', async () => {
    make({ f: '', g: '' })
    truncateSync(join(root, 'f'), 2 ** 40)
    const controller = new AbortController()
    const { signal } = controller
    const tree = openDirectory(root, {
      data: undefined,
      ignored: [],
      attributes: undefined,
      signal,
    })
    const reading = tree.digest(selection(['.']))
    setTimeout(() => controller.abort(), 20)
    await expect(reading).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  })

  test('a file that never stays the same is refused', async () => {
    make({ f: '' })
    // Large enough that somebody writes to it meanwhile, however busy the machine is.
    truncateSync(join(root, 'f'), 200_000_000)
    const writer = spawn('sh', ['-c', 'while :; do echo >>"$0"; done', join(root, 'f')])
    try {
      await expect(digestOf(['f'])).rejects.toThrow(
        `error from sender: ${root}/f changes while it is read`,
      )
    } finally {
      writer.kill()
    }
  })

  test('what cannot be read is told when it is needed', async () => {
    if (process.getuid?.() === 0) return
    make({ 'a/f': 'one', 'b/f': 'two' })
    chmodSync(join(root, 'a/f'), 0)
    await expect(digestOf(['a'])).rejects.toThrow(
      `error from sender: open ${root}/a/f: permission denied`,
    )
    await expect(digestOf(['b'])).resolves.toMatch(/^sha256/)
    await expect(open(['a']).digest(selection(['.']))).resolves.toMatch(/^sha256/)
  })
})

describe('the memory of files', () => {
  const OLD = new Date('2001-01-01')
  /** Files that changed just now are not remembered: their time of change has to pass. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2100))
  const data = () => join(base, 'data')
  const memory = () => {
    const [name] = readdirSync(join(data(), 'cache/contexts'))
    return join(data(), 'cache/contexts', name ?? '')
  }
  const digest = () => open([], data()).digest(selection(['.']))
  const digestOfAll = () => open().digest(selection(['.']))

  test('keeps files from being read again', async () => {
    make({ 'a/f': 'one', 'a/g': 'two' })
    await digest()
    expect(existsSync(join(data(), 'cache'))).toBe(false)
    await settle()
    const first = await digest()
    const kept = readFileSync(memory())
    const range = (count: number) => Array.from({ length: count }, (_, index) => index)
    expect(kept.length).toBe(16 + 4 * 88 + 32)
    expect(await digest()).toBe(first)
    // A digest that no file has: only the memory can say this.
    const forged = Buffer.concat(
      range(4).map((index) =>
        Buffer.from(kept.subarray(16 + index * 88, 104 + index * 88)).fill(7, 40, 72),
      ),
    )
    const body = Buffer.concat([kept.subarray(0, 16), forged])
    const sum = createHash('sha256').update(body).digest()
    writeFileSync(memory(), Buffer.concat([body, sum]))
    expect(await digest()).not.toBe(first)
    writeFileSync(memory(), Buffer.concat([body, sum.fill(0)]))
    expect(await digest()).toBe(first)
    writeFileSync(memory(), kept.subarray(0, 200))
    expect(await digest()).toBe(first)
    writeFileSync(memory(), '')
    expect(await digest()).toBe(first)
    expect(readFileSync(memory()).length).toBe(kept.length)
  })

  test('keeps attributes', async () => {
    make({ f: 'one', g: 'two' })
    await settle()
    let calls = 0
    const attributes = async (_: string, paths: readonly string[]) => {
      calls++
      return paths.map((path) => (path === 'f' ? 'ab'.repeat(32) : ''))
    }
    const find = (withData: boolean) =>
      openDirectory(root, { data: withData ? data() : undefined, ignored: [], attributes }).digest(
        selection(['.']),
      )
    const first = await find(true)
    expect(await find(true)).toBe(first)
    expect(calls).toBe(1)
    expect(await find(false)).toBe(first)
    expect(await digestOfAll()).not.toBe(first)
  })

  test('does not take a file for another', async () => {
    make({ f: 'one' })
    await settle()
    const first = await digest()
    writeFileSync(join(root, 'f'), 'two')
    utimesSync(join(root, 'f'), OLD, OLD)
    expect(await digest()).not.toBe(first)
    writeFileSync(join(root, 'f'), 'one')
    expect(await digest()).toBe(first)
  })
})

test('readFile stays inside', async () => {
  make({ 'd/f': 'text', l: '-> d/f', out: '-> ../secret', abs: '-> /d/f', '.git': '-> ..' })
  writeFileSync(join(base, 'secret'), 'no')
  const tree = open(['d'])
  expect(await tree.readFile('d/f', 10)).toBeUndefined()
  expect((await open().readFile('l', 10))?.toString()).toBe('text')
  expect((await open().readFile('abs', 10))?.toString()).toBe('text')
  expect(await open().readFile('out', 10)).toBeUndefined()
  expect(await open().readFile('../secret', 10)).toBeUndefined()
  expect(await open().readFile('d', 10)).toBeUndefined()
  expect(await open().readFile('d/f', 3)).toBeUndefined()
})

test('the ignore file of a Dockerfile comes first', () => {
  make({ '.dockerignore': 'a', 'sub/Dockerfile.dockerignore': 'b', 'sub/Other': '' })
  expect(readIgnoreFile(root, undefined)?.patterns).toEqual(['a'])
  const beside = { directory: join(root, 'sub'), path: 'Dockerfile' }
  expect(readIgnoreFile(root, beside)).toMatchObject({
    name: 'Dockerfile.dockerignore',
    patterns: ['b'],
  })
  const other = { directory: join(root, 'sub'), path: 'Other' }
  expect(readIgnoreFile(root, other)?.patterns).toEqual(['a'])
})

test('paths are split into command lines', () => {
  const long = 'x'.repeat(300_000)
  expect([...splitPaths(['a', long, 'b', long, long])]).toEqual([['a', long, 'b'], [long], [long]])
  expect([...splitPaths([])]).toEqual([])
})

test('names that no file can have are not there', async () => {
  make({ f: '' })
  for (const name of ['x'.repeat(256), `${'x/'.repeat(3000)}y`, 'f/x'])
    await expect(open().select(selection([name]))).rejects.toThrow('": not found')
})
