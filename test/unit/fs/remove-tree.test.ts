import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { removeTree } from '../../../lib/fs/remove-tree.ts'

let place: string
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'remove-'))
})
afterEach(() => rmSync(place, { recursive: true, force: true }))

test('all that is in it goes, and nothing that a link leads to', async () => {
  mkdirSync(join(place, 'tree/a/b'), { recursive: true })
  mkdirSync(join(place, 'kept'))
  writeFileSync(join(place, 'kept/file'), '')
  writeFileSync(join(place, 'tree/a/b/file'), '')
  symlinkSync('../kept', join(place, 'tree/link'))
  await removeTree(join(place, 'tree'))
  expect(existsSync(join(place, 'tree'))).toBe(false)
  expect(existsSync(join(place, 'kept/file'))).toBe(true)
})

test('what is not there is gone already', async () => {
  await removeTree(join(place, 'tree'))
})
