import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  formatEvent,
  journalPath,
  oldJournalPath,
  recordEvent,
} from '../../../lib/events/journal.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'journal-'))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const TIME = 1795635546593138067n

test.each([
  [
    'a container: its image is said twice, attributes are sorted',
    {
      type: 'container',
      action: 'kill',
      id: 'c1',
      attributes: { signal: '9', image: 'i', b: 'x' },
    },
    '{"status":"kill","id":"c1","from":"i","Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":{"b":"x","image":"i","signal":"9"}},"scope":"local","time":1795635546,"timeNano":1795635546593138067}',
  ],
  [
    'an image',
    { type: 'image', action: 'tag', id: 'sha256:1', attributes: { name: 'x:1' } },
    '{"status":"tag","id":"sha256:1","Type":"image","Action":"tag","Actor":{"ID":"sha256:1","Attributes":{"name":"x:1"}},"scope":"local","time":1795635546,"timeNano":1795635546593138067}',
  ],
  [
    'a volume has no status',
    { type: 'volume', action: 'create', id: 'v', attributes: { driver: 'local' } },
    '{"Type":"volume","Action":"create","Actor":{"ID":"v","Attributes":{"driver":"local"}},"scope":"local","time":1795635546,"timeNano":1795635546593138067}',
  ],
  [
    'many at once have no id',
    { type: 'container', action: 'prune', id: '', attributes: { reclaimed: '0' } },
    '{"status":"prune","Type":"container","Action":"prune","Actor":{"ID":"","Attributes":{"reclaimed":"0"}},"scope":"local","time":1795635546,"timeNano":1795635546593138067}',
  ],
] as const)('%s', (_, event, line) => {
  expect(formatEvent(event, TIME)).toBe(line)
})

const event = { type: 'volume', action: 'create', id: 'v', attributes: {} } as const

test('times of one process increase, and are of now', () => {
  for (let count = 0; count < 100; count++) recordEvent(data, event)
  const lines = readFileSync(journalPath(data), 'utf8').trimEnd().split('\n')
  const times = lines.map((line) => BigInt(/"timeNano":(\d+)}$/.exec(line)?.[1] ?? 0))
  expect(times).toHaveLength(100)
  expect(new Set(times).size).toBe(100)
  expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)))
  expect(Math.abs(Number((times[0] ?? 0n) / 1_000_000n) - Date.now())).toBeLessThan(10_000)
})

test('only its owner may read it: labels and commands may hold secrets', () => {
  recordEvent(data, event)
  expect(statSync(journalPath(data)).mode & 0o777).toBe(0o600)
})

test('a file larger than 4 MiB becomes the old one', () => {
  recordEvent(data, event)
  writeFileSync(journalPath(data), `${'x'.repeat(4 * 1024 * 1024)}\n`)
  recordEvent(data, event)
  expect(existsSync(journalPath(data))).toBe(false)
  expect(readFileSync(oldJournalPath(data), 'utf8')).toMatch(/"timeNano":\d+}\n$/)
  recordEvent(data, event)
  expect(readFileSync(journalPath(data), 'utf8').split('\n')).toHaveLength(2)
})

test('a journal that cannot be written is no failure', () => {
  const full = '/dev/full'
  expect(existsSync(full)).toBe(true)
  recordEvent(data, event)
  rmSync(journalPath(data))
  symlinkSync(full, journalPath(data))
  expect(() => recordEvent(data, event)).not.toThrow()
})
