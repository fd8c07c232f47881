import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listDrafts, makeDraft } from '../../../lib/fs/drafts.ts'
import { parseJson, readSmallFile } from '../../../lib/fs/read.ts'
import {
  claimFile,
  draftWriter,
  makeDirectory,
  replaceFile,
  spaceError,
} from '../../../lib/fs/replace.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lighter-fs-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('a file is replaced as a whole, and nothing else stays', () => {
  const path = join(directory, 'file')
  replaceFile(path, 'old')
  replaceFile(path, 'new', true)
  expect(readFileSync(path, 'utf8')).toBe('new')
  expect(readdirSync(directory)).toEqual(['file'])
})

test('a file is claimed once', () => {
  const path = join(directory, 'file')
  expect(claimFile(path, 'first')).toBe(true)
  expect(claimFile(path, 'second')).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe('first')
  expect(readdirSync(directory)).toEqual(['file'])
})

test('a directory has no content, whatever size its filesystem gives it', () => {
  for (let index = 0; index < 200; index++) writeFileSync(join(directory, `file-${index}`), '')
  expect(readSmallFile(directory, 1024 * 1024)).toEqual(Buffer.alloc(0))
  expect(parseJson(readSmallFile(directory, 1024 * 1024))).toBeUndefined()
})

test('who wrote an unfinished file is known from its name', () => {
  expect(draftWriter('x.json.4711-0123456789ab.tmp')).toBe(4711)
  expect(draftWriter('x.json')).toBeUndefined()
})

test('drafts are listed with their owners; other names are not', () => {
  const owner = { pid: 7, startTime: '99' }
  const path = makeDraft(directory, owner)
  writeFileSync(join(directory, 'tmp', 'other'), '')
  expect(listDrafts(directory)).toEqual([{ path, owner, ofContainer: false }])
})

test('the draft of a container tells itself from others', () => {
  const owner = { pid: 7, startTime: '99' }
  const container = makeDraft(directory, owner, true)
  const other = makeDraft(directory, owner)
  const drafts = listDrafts(directory)
  expect(drafts).toHaveLength(2)
  expect(drafts).toContainEqual({ path: container, owner, ofContainer: true })
  expect(drafts).toContainEqual({ path: other, owner, ofContainer: false })
})

test('small files: absent, too large, no JSON', () => {
  const path = join(directory, 'file')
  expect(readSmallFile(path, 10)).toBeUndefined()
  writeFileSync(path, '{not json}')
  expect(parseJson(readSmallFile(path, 10))).toBeUndefined()
  expect(() => readSmallFile(path, 9)).toThrow('larger than 9 bytes')
})

test.each([
  ['ENOSPC', 'no space left on device'],
  ['EDQUOT', 'disk quota exceeded'],
])('%s has a sentence', (code, sentence) => {
  const error = spaceError(Object.assign(new Error('x'), { code }), '/some/file')
  expect(error).toMatchObject({ code: 'no-space', message: `write /some/file: ${sentence}` })
  expect(spaceError(error, '/other')).toBe(error)
})

test('a directory is made with its parents, private, and may be there', () => {
  const path = join(directory, 'a/b')
  makeDirectory(path)
  makeDirectory(path)
  expect(readdirSync(join(directory, 'a'))).toEqual(['b'])
})
