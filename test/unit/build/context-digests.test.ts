import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDirectory } from '../../../lib/build/context/directory.ts'
import { readIgnoreFile } from '../../../lib/build/context/ignore.ts'
import type { Selection } from '../../../lib/build/files.ts'
import { contextTrees, selection } from '../../helpers/context-trees.ts'
import { until } from '../../helpers/until.ts'

const { base, root, make, open } = contextTrees()

describe('digests', () => {
  const digestOf = (patterns = ['.'], more: Partial<Selection> = {}) =>
    open().digest(selection(patterns, more))

  test('are of the content alone', async () => {
    make({ 'a/f': 'one', 'a/g': '-> f' })
    const first = await digestOf(['a'])
    utimesSync(join(root(), 'a/f'), 1, 1)
    if (process.getuid?.() === 0) chownSync(join(root(), 'a/f'), 1000, 1000)
    expect(await digestOf(['a'])).toBe(first)
    renameSync(join(root(), 'a'), join(root(), 'b'))
    expect(await digestOf(['b'])).toBe(first)
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  test.each<[string, () => void]>([
    ['content', () => writeFileSync(join(root(), 'a/f'), 'two')],
    ['mode', () => chmodSync(join(root(), 'a/f'), 0o4755)],
    ['mode of the directory', () => chmodSync(join(root(), 'a'), 0o700)],
    ['name', () => renameSync(join(root(), 'a/f'), join(root(), 'a/h'))],
    ['file', () => writeFileSync(join(root(), 'a/new'), '')],
    ['place', () => renameSync(join(root(), 'a/f'), join(root(), 'a/d/f'))],
    [
      'link',
      () => {
        rmSync(join(root(), 'a/g'))
        symlinkSync('d', join(root(), 'a/g'))
      },
    ],
    [
      'type',
      () => {
        rmSync(join(root(), 'a/f'))
        execFileSync('mkfifo', [join(root(), 'a/f')])
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
    const ignored = readIgnoreFile(root(), undefined)?.patterns.slice() ?? []
    const [first, narrow] = [await open(ignored).digest(selection(['.'])), await digestOf(['a'])]
    writeFileSync(join(root(), 'b/f'), 'three')
    expect(await open(ignored).digest(selection(['.']))).toBe(first)
    expect(await digestOf(['a'])).toBe(narrow)
    expect(await digestOf(['.'], { exclude: ['b'] })).not.toBe(await digestOf(['.']))
    // Nothing tells where a list of files ends but the digest itself.
    expect(await digestOf(['a', 'b'])).not.toBe(await digestOf(['a', 'a']))
  })

  test('a file keeps its name, a directory does not', async () => {
    make({ f: 'one' })
    linkSync(join(root(), 'f'), join(root(), 'g'))
    expect(await digestOf(['f'])).not.toBe(await digestOf(['g']))
  })

  test('large files, sockets and a change after the copy', async () => {
    make({ 'a/large': 'x'.repeat(3_000_000), 'a/small': '' })
    const tree = open()
    const first = await tree.digest(selection(['a']))
    expect(await tree.isUnchanged(selection(['a']))).toBe(true)
    writeFileSync(join(root(), 'a/large'), `${'x'.repeat(2_999_999)}y`)
    expect(await tree.isUnchanged(selection(['a']))).toBe(false)
    expect(await tree.digest(selection(['a']))).toBe(first)
    rmSync(join(root(), 'a'), { recursive: true })
    expect(await tree.isUnchanged(selection(['a']))).toBe(false)
  })

  test('reading ends when it is told to', async () => {
    make({ f: '', g: '' })
    truncateSync(join(root(), 'f'), 2 ** 40)
    const controller = new AbortController()
    const { signal } = controller
    const tree = openDirectory(root(), {
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
    truncateSync(join(root(), 'f'), 200_000_000)
    const writer = spawn('sh', ['-c', 'while :; do echo >>"$0"; done', join(root(), 'f')])
    try {
      await until(() => statSync(join(root(), 'f')).size > 200_000_000, 'it writes')
      await expect(digestOf(['f'])).rejects.toThrow(
        `error from sender: ${root()}/f changes while it is read`,
      )
    } finally {
      writer.kill()
    }
  })
})

describe('the memory of files', () => {
  const OLD = new Date('2001-01-01')
  /** Files that changed just now are not remembered: their time of change has to pass. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2100))
  const data = () => join(base(), 'data')
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
      openDirectory(root(), {
        data: withData ? data() : undefined,
        ignored: [],
        attributes,
      }).digest(selection(['.']))
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
    writeFileSync(join(root(), 'f'), 'two')
    utimesSync(join(root(), 'f'), OLD, OLD)
    expect(await digest()).not.toBe(first)
    writeFileSync(join(root(), 'f'), 'one')
    expect(await digest()).toBe(first)
  })
})
