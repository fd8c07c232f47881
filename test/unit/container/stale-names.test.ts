import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { claimName, freeStaleName, isStaleName } from '../../../lib/container/names.ts'

test('names of the dead are stale, those of containers and of the living are not', () => {
  const data = mkdtempSync(join(tmpdir(), 'lighter-names-'))
  const id = 'a'.repeat(64)
  const owner = { pid: 99_999_999, startTime: '1', bootId: 'none' }
  const put = (name: string, text: string) => writeFileSync(join(data, 'names', name), text)
  mkdirSync(join(data, 'names'))
  mkdirSync(join(data, 'containers', id), { recursive: true })
  put('owned', JSON.stringify({ version: 1, id, owner }))
  put('dead', JSON.stringify({ version: 1, id: 'b'.repeat(64), owner }))
  put('torn', '')
  claimName(data, 'alive', 'c'.repeat(64))
  const stale = readdirSync(join(data, 'names')).filter((name) => isStaleName(data, name))
  expect(stale.toSorted()).toEqual(['dead', 'torn'])
  // Somebody may have claimed it since it was found stale.
  for (const name of ['dead', 'torn', 'alive', 'owned']) freeStaleName(data, name)
  expect(readdirSync(join(data, 'names')).toSorted()).toEqual(['alive', 'owned'])
  rmSync(data, { recursive: true })
})
