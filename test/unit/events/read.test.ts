import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
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
  const read = (time: bigint): string[] => [...journal.read(time)].map(({ Action }) => Action)
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

test('ties, late writers, files that were put aside, what a full disk left of lines, and long ones', () => {
  const random = randomNumbers(7)
  const expected: { action: string; time: bigint }[] = []
  let time = 1_700_000_000_000_000_000n
  const some = (name: string, count: number, restart: bigint): string => {
    time = restart
    const texts: string[] = []
    for (let index = 0; index < count; index++) {
      // Several at once, some a moment late, one far back as where a clock is set.
      time += BigInt(random(3)) * 1000n - (random(50) === 0 ? 5000n : 0n)
      if (index === 300) time -= 400_000n
      const action = `${name}${index}${random(400) === 0 ? 'x'.repeat(100_000) : 'é'}`
      // What was torn takes the next line with it.
      if (random(60) === 0) texts.push(line('torn', time).slice(0, -5 - random(40)))
      else expected.push({ action, time })
      texts.push(line(action, time))
    }
    return texts.join('')
  }
  const start = time
  writeFileSync(`${journalPath(data)}.1`, some('a', 1000, start))
  writeFileSync(journalPath(data), some('b', 1000, time - 50_000n))
  writeFileSync(`${probesPath(data)}.1`, some('c', 500, start + 100_000n))
  writeFileSync(probesPath(data), `${some('d', 500, time)}{"Type":"container","timeNano":17`)
  using journal = new Journal(data, false)
  const [since, until] = [start + 3000n, time + 10_000_000n]
  const wanted = expected.filter((event) => event.time >= since && event.time <= until)
  wanted.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
  expect(wanted.length).toBeGreaterThan(2000)
  const found = [...journal.read(until, { since, until })]
  expect(found.map(({ Action, time }) => ({ action: Action, time }))).toEqual(wanted)
})

/** The same whole numbers below a limit for the same seed. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state * 16_807) % (2 ** 31 - 1)
    return state % limit
  }
}

test('what comes later is read of the file that was put aside meanwhile', () => {
  writeFileSync(journalPath(data), line('create', 10n))
  using journal = new Journal(data, false)
  const read = (time: bigint): string[] => [...journal.read(time)].map(({ Action }) => Action)
  expect(read(100n)).toEqual(['create'])
  appendFileSync(journalPath(data), line('start', 90n) + line('die', 170n))
  renameSync(journalPath(data), `${journalPath(data)}.1`)
  writeFileSync(journalPath(data), line('destroy', 180n))
  expect(read(100n)).toEqual(['start'])
  rmSync(`${journalPath(data)}.1`)
  expect(read(200n)).toEqual(['die', 'destroy'])
})

test('a long journal is not held while somebody takes its events one by one', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const held = (): number => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  fill(`${journalPath(data)}.1`, 10_000)
  fill(journalPath(data), 10_000)
  const before = held()
  const events = readEvents(data, { since: 0n, until: 10_000n, filters })
  await events.next()
  expect(held() - before).toBeLessThan(3e6)
  let left = 0
  for await (const _ of events) left++
  expect(left).toBe(19_999)
})

/** Writes so many events, each a nanosecond after the other. */
function fill(path: string, count: number): void {
  const lines = Array.from({ length: count }, (_, index) => line('start', BigInt(index)))
  writeFileSync(path, lines.join(''))
}
