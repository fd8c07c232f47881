import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Answer, Topic } from './suite.ts'

/** The engine's answers to one topic, as kept in `recorded/<topic>.json`. */
export interface Recording {
  /** Name and version of the engine that answered. */
  engine: string
  /** By name of the case. The script is kept too: an answer to another script is worth nothing. */
  answers: Record<string, { script: string[] } & Answer>
}

const fileOf = (topic: Topic) => new URL(`recorded/${topic.name}.json`, import.meta.url)

export function readRecording(topic: Topic): Recording {
  const file = fileOf(topic)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { engine: 'none', answers: {} }
}

export function writeRecording(topic: Topic, recording: Recording): void {
  mkdirSync(new URL('recorded', import.meta.url), { recursive: true })
  writeFileSync(fileOf(topic), `${JSON.stringify(recording, null, 2)}\n`)
}

/** Reasons by `<topic>: <case>`: what is known not to pass on lighter yet. */
export const readPending = (): Record<string, string> =>
  JSON.parse(readFileSync(new URL('pending.json', import.meta.url), 'utf8'))
