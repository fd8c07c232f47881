import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Digest } from '../../../lib/core/ids.ts'
import { parseReference } from '../../../lib/oci/reference.ts'
import { isRemembered, remember, rulesKey } from '../../../lib/trust/memory.ts'
import type { Requirement } from '../../../lib/trust/requirement.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'lighter-memory-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const image = (text: string, letter = 'a') => ({
  reference: parseReference(text),
  digest: `sha256:${letter.repeat(64)}` as Digest,
})

test('what was verified is known of that image, that name and these rules alone', () => {
  remember(data, image('a:1'), 'rules', undefined)
  expect(isRemembered(data, image('a:1'), 'rules')).toBe(true)
  expect(isRemembered(data, image('a:2'), 'rules')).toBe(false)
  expect(isRemembered(data, image('a:1', 'b'), 'rules')).toBe(false)
  expect(isRemembered(data, image('a:1'), 'others')).toBe(false)
})

test('it is known until the key expires', () => {
  remember(data, image('a:1'), 'rules', Date.now() + 60_000)
  expect(isRemembered(data, image('a:1'), 'rules')).toBe(true)
  remember(data, image('a:1'), 'rules', Date.now() - 1)
  expect(isRemembered(data, image('a:1'), 'rules')).toBe(false)
})

test('a damaged file is not known, and is replaced', () => {
  remember(data, image('a:1'), 'rules', undefined)
  const [name = ''] = readdirSync(join(data, 'trust'))
  for (const content of ['', '{}', '[]', '{"version":1}', 'x'.repeat(100_000)]) {
    writeFileSync(join(data, 'trust', name), content)
    expect(isRemembered(data, image('a:1'), 'rules')).toBe(false)
  }
  remember(data, image('a:1'), 'rules', undefined)
  expect(isRemembered(data, image('a:1'), 'rules')).toBe(true)
})

test('names that the store has no more are forgotten after a day: a pull names its image late', () => {
  remember(data, image('a:1'), 'rules', undefined)
  remember(data, image('b:1'), 'rules', undefined)
  expect(isRemembered(data, image('a:1'), 'rules')).toBe(true)
  for (const name of readdirSync(join(data, 'trust'))) utimesSync(join(data, 'trust', name), 1, 1)
  remember(data, image('c:1'), 'rules', undefined)
  expect(isRemembered(data, image('a:1'), 'rules')).toBe(false)
  expect(isRemembered(data, image('b:1'), 'rules')).toBe(false)
  expect(isRemembered(data, image('c:1'), 'rules')).toBe(true)
})

test('rules are others when the keys in their files are', () => {
  const path = join(data, 'key')
  const rule = (type: 'signedBy' | 'sigstoreSigned'): Requirement[] => [
    { type, keys: { paths: [path], data: [] }, identity: { type: 'matchExact' } },
  ]
  writeFileSync(path, 'one')
  const before = rulesKey(rule('signedBy'))
  expect(rulesKey(rule('signedBy'))).toBe(before)
  expect(rulesKey(rule('sigstoreSigned'))).not.toBe(before)
  writeFileSync(path, 'two')
  expect(rulesKey(rule('signedBy'))).not.toBe(before)
  rmSync(path)
  expect(() => rulesKey(rule('signedBy'))).toThrow('no such file or directory')
})
