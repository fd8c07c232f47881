import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  isOutOfReach,
  listBeneath,
  openBeneath,
  readBeneath,
  streamOf,
} from '../../../lib/fs/beneath.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(realpathSync(tmpdir()), 'lighter-beneath-'))
  mkdirSync(join(root, 'a/b'), { recursive: true })
  writeFileSync(join(root, 'a/b/file'), 'text')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const openFiles = () => readdirSync('/proc/self/fd').length

test('what lies below is read', () => {
  expect(readBeneath(root, ['a', 'b', 'file'], 10)?.toString()).toBe('text')
  expect(readBeneath(root, ['a', 'b', 'file'], 3)).toBeUndefined()
  expect(listBeneath(root, ['a'])).toEqual(['b'])
  expect(listBeneath(root, ['a', 'b', 'file'])).toEqual([])
})

test('the root itself may be a link, nothing below it', () => {
  symlinkSync(root, join(root, 'root'))
  expect(readBeneath(join(root, 'root'), ['a', 'b', 'file'], 10)?.toString()).toBe('text')
  symlinkSync('b', join(root, 'a/link'))
  symlinkSync('file', join(root, 'a/b/link'))
  expect(readBeneath(root, ['a', 'link', 'file'], 10)).toBeUndefined()
  expect(readBeneath(root, ['a', 'b', 'link'], 10)).toBeUndefined()
})

test('what is no file or is not there opens nothing, and leaves nothing open', () => {
  execFileSync('mkfifo', [join(root, 'a/fifo')])
  const before = openFiles()
  for (const names of [['nosuch'], ['a', 'fifo'], ['a', 'b', 'file', 'x'], ['a', 'nosuch', 'x']]) {
    expect(openBeneath(root, names)).toBeUndefined()
  }
  expect(openBeneath(join(root, 'nosuch'), [])).toBeUndefined()
  expect(openFiles()).toBe(before)
})

test('a stream has the part that is asked for, and closes the file', async () => {
  const before = openFiles()
  const fd = openBeneath(root, ['a', 'b', 'file']) as number
  let text = ''
  for await (const chunk of streamOf(fd, { start: 1, end: 2 })) text += chunk
  expect(text).toBe('ex')
  expect(() => closeSync(fd)).toThrow('EBADF')
  expect(openFiles()).toBe(before)
})

test('a directory is out of reach when all above it is', () => {
  expect(isOutOfReach(join(root, 'a'))).toBe(true)
  expect(isOutOfReach(`${join(root, 'a')}/`)).toBe(true)
  symlinkSync('a', join(root, 'link'))
  expect(isOutOfReach(join(root, 'link'))).toBe(false)
  expect(isOutOfReach(join(root, 'nosuch'))).toBe(false)
  chmodSync(root, 0o777)
  expect(isOutOfReach(join(root, 'a'))).toBe(false)
  chmodSync(root, 0o1777)
  expect(isOutOfReach(join(root, 'a'))).toBe(true)
})
