import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { nowNanoseconds } from '../core/instant.ts'
import { eventJson } from './event.ts'

export type EventType = 'container' | 'image' | 'volume' | 'network' | 'builder' | 'daemon'

/** Something that happened to an object, in Docker's words. */
export interface NewEvent {
  type: EventType
  action: string
  /** Of the object; a name where it has no id. Empty when the event is about many. */
  id: string
  attributes: Readonly<Record<string, string>>
}

/** From this size on whoever appends starts a new file and keeps the full one as the only old one. */
const MAX_JOURNAL = 4 * 1024 * 1024

export const eventsDirectory = (data: string): string => join(data, 'events')
export const journalPath = (data: string): string => join(eventsDirectory(data), 'journal.jsonl')
/** What health checks make: written by monitors only. */
export const probesPath = (data: string): string => join(eventsDirectory(data), 'probes.jsonl')
/** Where the full file goes. */
export const oldJournalPath = (data: string): string => `${journalPath(data)}.1`

/**
 * Appends an event to the journal by one write, so that lines of several processes never mix. An event that cannot be
 * written is lost: what it tells of has happened, and must not fail for that.
 */
export function recordEvent(data: string, event: NewEvent): void {
  try {
    append(data, `${formatEvent(event, nextTime())}\n`)
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EFBIG')) throw error
  }
}

function append(data: string, line: string): void {
  const path = journalPath(data)
  const fd = openJournal(data, path)
  let full: boolean
  try {
    writeSync(fd, line)
    full = fstatSync(fd).size > MAX_JOURNAL
  } finally {
    closeSync(fd)
  }
  if (full) rotate(data, path)
}

function openJournal(data: string, path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    mkdirSync(eventsDirectory(data), { recursive: true, mode: 0o700 })
    return openSync(path, 'a', 0o600)
  }
}

/** Somebody may have done it since: the file that is there now is looked at, not the one that was written to. */
function rotate(data: string, path: string): void {
  const fd = openJournal(data, path)
  try {
    if (fstatSync(fd).size > MAX_JOURNAL) renameSync(path, oldJournalPath(data))
  } finally {
    closeSync(fd)
  }
}

let last = 0n

/** Events of one process get different times, also where the clock is coarse or set back. */
function nextTime(): bigint {
  const now = nowNanoseconds()
  last = now > last ? now : last + 1n
  return last
}

/** The line of an event. */
export const formatEvent = ({ type, action, id, attributes }: NewEvent, time: bigint): string =>
  eventJson({
    ...(type === 'container' || type === 'image' ? { status: action, ...(id && { id }) } : {}),
    ...(type === 'container' && attributes.image ? { from: attributes.image } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time,
  })
