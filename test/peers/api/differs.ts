import { readFileSync } from 'node:fs'
import type { ApiAnswer } from './suite.ts'

/** What lighter answers otherwise on purpose, by topic and name of the case. */
interface Differences {
  reasons: Record<string, string>
  answers: Record<string, Record<string, { why: string } & ApiAnswer>>
}

const { reasons, answers }: Differences = JSON.parse(
  readFileSync(new URL('differs.json', import.meta.url), 'utf8'),
)

/** Lighter's own answer to a case, with the reason; `undefined` where it is the engine's. Throws for a reason that is not told. */
export function ownAnswer(
  topic: string,
  name: string,
): { why: string; answer: ApiAnswer } | undefined {
  const { why, ...answer } = answers[topic]?.[name] ?? {}
  if (why === undefined) return undefined
  const reason = reasons[why]
  if (reason === undefined) throw new Error(`${topic}: ${name}: there is no reason ${why}`)
  return { why: reason, answer: answer as ApiAnswer }
}

/** Names of cases of a topic that are said to differ. */
export const differing = (topic: string): string[] => Object.keys(answers[topic] ?? {})
