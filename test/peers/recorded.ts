import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Answer } from './suite.ts'

/** The engine's answers to one topic, as kept in `recorded/<topic>.json`. */
export interface Recording<Kept = { script: string[] } & Answer> {
  /** Name and version of the engine that answered. */
  engine: string
  /** By name of the case. What was asked is kept too: an answer to another script is worth nothing. */
  answers: Record<string, Kept>
}

const fileOf = (topic: { name: string }) => new URL(`recorded/${topic.name}.json`, import.meta.url)

export function readRecording<Kept = { script: string[] } & Answer>(topic: {
  name: string
}): Recording<Kept> {
  const file = fileOf(topic)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { engine: 'none', answers: {} }
}

export function writeRecording<Kept>(topic: { name: string }, recording: Recording<Kept>): void {
  const file = fileOf(topic)
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(recording, null, 2)}\n`)
}

/** Why a case does not pass yet; `unless`: what a host may have on which it does. */
type Pending = string | { why: string; unless: HostFeature }

/**
 * `controllers`: containers of the user have cgroups with controllers; `plain-logins`: no program keeps logins unless a
 * configuration names one.
 */
export type HostFeature = 'controllers' | 'plain-logins'

const PENDING = new URL('pending.json', import.meta.url)

/** Reasons by `<topic>: <case>`: what is known not to pass on lighter yet, on a host with these features. */
export const readPending = (
  features: ReadonlySet<HostFeature> = new Set(),
  file = PENDING,
): Record<string, string> =>
  reasons(readEntries(file), (unless) => unless === undefined || !features.has(unless))

/** The same, but only what such a host cannot do, whoever asks. */
export const readHostPending = (features: ReadonlySet<HostFeature>): Record<string, string> =>
  reasons(readEntries(PENDING), (unless) => unless !== undefined && !features.has(unless))

const readEntries = (file: URL): [string, Pending][] =>
  Object.entries(JSON.parse(readFileSync(file, 'utf8')))

function reasons(
  entries: [string, Pending][],
  holds: (unless: HostFeature | undefined) => boolean,
): Record<string, string> {
  return Object.fromEntries(
    entries.flatMap(([key, entry]) => {
      const { why, unless } = typeof entry === 'string' ? { why: entry, unless: undefined } : entry
      return holds(unless) ? [[key, why]] : []
    }),
  )
}

/** What is wrong with each case, for whoever works on them. */
export function note(key: string, wrong: string[]): void {
  const file = process.env.LIGHTER_PEERS_REPORT
  if (file && wrong.length > 0) appendFileSync(file, `== ${key}\n${wrong.join('\n')}\n`)
}
