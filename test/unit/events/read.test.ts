import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JournalEvent } from '../../../lib/events/event.ts'
import { formatEvent, journalPath, probesPath } from '../../../lib/events/journal.ts'
import { Journal, readEvents } from '../../../lib/events/read.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'events-'))
  mkdirSync(join(data, 'events'))
})
afterEach(() => rmSync(data, { recursive: true, force: true }))

const line = (action: string, time: bigint): string =>
  `${formatEvent({ type: 'container', action, id: 'c', attributes: {} }, time)}\n`

const now = (): bigint => BigInt(Date.now()) * 1_000_000n
const filters = new Map<string, string[]>()

async function take(events: AsyncIterator<JournalEvent>, count: number): Promise<string[]> {
  const actions: string[] = []
  while (actions.length < count) actions.push((await events.next()).value.Action)
  return actions
}

test('what health checks make stands between the other events, in the order of time', async () => {
  writeFileSync(journalPath(data), line('start', 10n) + line('health_status: healthy', 40n))
  writeFileSync(`${probesPath(data)}.1`, line('exec_create: true', 20n))
  writeFileSync(probesPath(data), line('exec_die', 30n) + line('exec_die', 50n))
  const found: string[] = []
  for await (const { Action } of readEvents(data, { since: 0n, until: 45n, filters }))
    found.push(Action)
  expect(found).toEqual(['start', 'exec_create: true', 'exec_die', 'health_status: healthy'])
})

test('followed, too, also where a file is put aside meanwhile', async () => {
  writeFileSync(journalPath(data), line('start', 10n))
  writeFileSync(probesPath(data), '')
  const events = readEvents(data, { since: 0n, until: undefined, filters })
  expect(await take(events, 1)).toEqual(['start'])
  appendFileSync(probesPath(data), line('exec_die', now()))
  appendFileSync(journalPath(data), line('health_status: healthy', now() + 1n))
  expect(await take(events, 2)).toEqual(['exec_die', 'health_status: healthy'])
  renameSync(probesPath(data), `${probesPath(data)}.1`)
  writeFileSync(probesPath(data), line('exec_create: true', now()))
  expect(await take(events, 1)).toEqual(['exec_create: true'])
  await events.return(undefined)
})

test('an event of a moment ago waits for those of the other file before it', () => {
  using journal = new Journal(data, false)
  const read = (time: bigint): string[] => journal.read(time).map(({ Action }) => Action)
  writeFileSync(journalPath(data), line('create', 80n))
  writeFileSync(probesPath(data), line('exec_create: true', 150n))
  expect(read(100n)).toEqual(['create'])
  expect(journal.waits).toBe(true)
  appendFileSync(journalPath(data), line('start', 140n))
  expect(read(200n)).toEqual(['start', 'exec_create: true'])
  expect(journal.waits).toBe(false)
  // Once only: a clock that was put back keeps nothing for long.
  appendFileSync(journalPath(data), line('die', 900n))
  expect(read(300n)).toEqual([])
  expect(read(301n)).toEqual(['die'])
})
