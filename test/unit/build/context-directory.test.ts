import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { splitPaths } from '../../../lib/build/context/command-lines.ts'
import { readIgnoreFile } from '../../../lib/build/context/ignore.ts'
import type { FileTree, Selection } from '../../../lib/build/files.ts'
import { contextTrees, selection } from '../../helpers/context-trees.ts'

const { base, root, make, open } = contextTrees()

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

test('readFile stays inside', async () => {
  make({ 'd/f': 'text', l: '-> d/f', out: '-> ../secret', abs: '-> /d/f', '.git': '-> ..' })
  writeFileSync(join(base(), 'secret'), 'no')
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
  expect(readIgnoreFile(root(), undefined)?.patterns).toEqual(['a'])
  const beside = { directory: join(root(), 'sub'), path: 'Dockerfile' }
  expect(readIgnoreFile(root(), beside)).toMatchObject({
    name: 'Dockerfile.dockerignore',
    patterns: ['b'],
  })
  const other = { directory: join(root(), 'sub'), path: 'Other' }
  expect(readIgnoreFile(root(), other)?.patterns).toEqual(['a'])
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
