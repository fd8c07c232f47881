import { expect, test } from 'vitest'
import { parseEvent } from '../../../lib/events/event.ts'
import { matchesFilters } from '../../../lib/events/filter.ts'
import { formatEvent } from '../../../lib/events/journal.ts'

const make = (
  type: 'container' | 'image' | 'volume',
  action: string,
  id: string,
  attributes = {},
) => {
  const event = parseEvent(formatEvent({ type, action, id, attributes }, 1n))
  if (!event) throw new Error('no event')
  return event
}

const start = make('container', 'start', 'abc123', { image: 'r/debian:12', name: 'web', tier: 'a' })
const exec = make('container', 'exec_create: ls', 'abc123', { image: 'x', name: 'web' })
const pull = make('image', 'pull', 'busybox:latest', { name: 'busybox' })
const made = make('volume', 'create', 'web-data', { driver: 'local' })

test.each([
  [start, {}, true],
  [start, { event: ['start'] }, true],
  [start, { event: ['die', 'start'] }, true],
  [start, { event: ['star'] }, false],
  [exec, { event: ['exec_create'] }, true],
  [exec, { event: ['exec_create: ls'] }, true],
  [start, { type: ['container'] }, true],
  [start, { type: ['image'] }, false],
  [start, { container: ['web'] }, true],
  [start, { container: ['abc'] }, true],
  [start, { container: ['bc1'] }, false],
  [made, { container: ['web'] }, true],
  [made, { volume: ['web-data'] }, true],
  [start, { image: ['r/debian'] }, true],
  [start, { image: ['r/debian:12'] }, true],
  [start, { image: ['debian'] }, false],
  [pull, { image: ['busybox'] }, true],
  [start, { label: ['tier'] }, true],
  [start, { label: ['tier=a', 'name=web'] }, true],
  [start, { label: ['tier=a', 'name=db'] }, false],
  [start, { label: ['toString'] }, false],
  [start, { scope: ['local'] }, true],
  [start, { scope: ['swarm'] }, false],
  [start, { network: ['bridge'] }, false],
  [start, { nosuch: ['x'] }, true],
] as const)('%o with %o: %s', (event, filters, passes) => {
  expect(matchesFilters(new Map(Object.entries(filters)), event)).toBe(passes)
})

test.each([
  ['', 'nothing'],
  ['{"Type":"container","Act', 'the rest of a torn line'],
  ['null,"timeNano":1}', 'no object'],
  ['{"Type":"container","Action":1,"timeNano":1}', 'other types'],
])('%s is no event: %s', (line) => {
  expect(parseEvent(line)).toBeUndefined()
})
