import { parseJson } from '../fs/read.ts'

/** An event as it was read from the journal. */
export interface JournalEvent {
  status?: string
  id?: string
  from?: string
  Type: string
  Action: string
  Actor: { ID: string; Attributes: Readonly<Record<string, string>> }
  scope: string
  /** Nanoseconds since 1970: more than a JavaScript number holds. */
  time: bigint
}

/** One line of the journal; `undefined` for what a full disk or a power cut left of one. */
export function parseEvent(line: string): JournalEvent | undefined {
  const nano = /"timeNano":(\d{1,19})}$/.exec(line)?.[1]
  if (nano === undefined) return undefined
  const value = parseJson(Buffer.from(line)) as Partial<JournalEvent> | undefined
  const { Type, Action, Actor, scope, status, id, from } = value ?? {}
  if (typeof Type !== 'string' || typeof Action !== 'string' || typeof Actor?.ID !== 'string')
    return undefined
  return {
    ...(status === undefined ? {} : { status }),
    ...(id === undefined ? {} : { id }),
    ...(from === undefined ? {} : { from }),
    Type,
    Action,
    Actor: { ID: Actor.ID, Attributes: Actor.Attributes ?? {} },
    scope: scope ?? 'local',
    time: BigInt(nano),
  }
}

/** Docker's JSON of an event, with its order of keys. The time goes in as text: it exceeds a JavaScript number. */
export function eventJson({
  status,
  id,
  from,
  Type,
  Action,
  Actor,
  scope,
  time,
}: JournalEvent): string {
  const sorted = Object.entries(Actor.Attributes).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const Attributes = Object.fromEntries(sorted)
  const head = { status, id, from, Type, Action, Actor: { ID: Actor.ID, Attributes }, scope }
  const seconds = time / 1_000_000_000n
  return `${JSON.stringify(head).slice(0, -1)},"time":${seconds},"timeNano":${time}}`
}
