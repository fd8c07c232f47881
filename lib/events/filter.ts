import { matchesLabels } from '../core/labels.ts'
import type { JournalEvent } from './event.ts'

/** Values by filter name; several of one name are alternatives, except for labels. */
export type Filters = ReadonlyMap<string, readonly string[]>

/** Whether an event passes, by the rules of Docker's daemon/events/filter.go; filters it does not know let everything pass. */
export function matchesFilters(filters: Filters, event: JournalEvent): boolean {
  return (
    matchesAction(filters, event) &&
    isOneOf(filters, 'type', event.Type) &&
    isOneOf(filters, 'scope', event.scope) &&
    ACTORS.every((kind) => matchesActor(filters, kind, event)) &&
    matchesImage(filters, event) &&
    matchesLabels(filters.get('label') ?? [], event.Actor.Attributes)
  )
}

/** Kinds of objects that an event is found by; whatever its own type, as in Docker. */
const ACTORS = [
  'daemon',
  'container',
  'plugin',
  'volume',
  'network',
  'node',
  'service',
  'secret',
  'config',
]

/** Actions that say more than their name after a colon. */
const LONG_ACTIONS = ['health_status', 'exec_create', 'exec_start']

function matchesAction(filters: Filters, { Action }: JournalEvent): boolean {
  const wanted = filters.get('event') ?? []
  return wanted.some((action) => LONG_ACTIONS.includes(action))
    ? startsWithOne(filters, 'event', Action)
    : isOneOf(filters, 'event', Action)
}

const matchesActor = (filters: Filters, kind: string, { Actor }: JournalEvent): boolean =>
  startsWithOne(filters, kind, Actor.ID) ||
  startsWithOne(filters, kind, Actor.Attributes.name ?? '')

function matchesImage(filters: Filters, { Type, Actor }: JournalEvent): boolean {
  const name = Actor.Attributes[Type === 'image' ? 'name' : 'image'] ?? ''
  return [Actor.ID, name, withoutTag(Actor.ID), withoutTag(name)].some((text) =>
    isOneOf(filters, 'image', text),
  )
}

const withoutTag = (text: string): string =>
  text.startsWith('sha256:') ? text : text.replace(/@.*$/, '').replace(/:[^/:]*$/, '')

function isOneOf(filters: Filters, name: string, text: string): boolean {
  const wanted = filters.get(name)
  return wanted === undefined || wanted.includes(text)
}

function startsWithOne(filters: Filters, name: string, text: string): boolean {
  const wanted = filters.get(name)
  return wanted === undefined || wanted.some((start) => text.startsWith(start))
}
