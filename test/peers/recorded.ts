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

/** `controllers`: containers of the user have cgroups with controllers. */
export type HostFeature = 'controllers'

/** Reasons by `<topic>: <case>`: what is known not to pass on lighter yet, on a host with these features. */
export function readPending(
  features: ReadonlySet<HostFeature> = new Set(),
): Record<string, string> {
  const text = readFileSync(new URL('pending.json', import.meta.url), 'utf8')
  const listed = Object.entries(JSON.parse(text) as Record<string, Pending>)
  return Object.fromEntries(
    listed.flatMap(([key, entry]) => {
      if (typeof entry === 'string') return [[key, entry]]
      return features.has(entry.unless) ? [] : [[key, entry.why]]
    }),
  )
}

/** What is wrong with each case, for whoever works on them. */
export function note(key: string, wrong: string[]): void {
  const file = process.env.LIGHTER_PEERS_REPORT
  if (file && wrong.length > 0) appendFileSync(file, `== ${key}\n${wrong.join('\n')}\n`)
}
