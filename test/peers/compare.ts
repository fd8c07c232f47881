import type { Answer, PeerCase } from './suite.ts'

/** What is wrong with an answer, as sentences; empty when it is as recorded or differs as the case says. */
export function compare(peer: PeerCase, recorded: Answer, answer: Answer): string[] {
  const expected = { ...recorded, ...peer.differs }
  const wrong: string[] = []
  if (answer.exitCode !== expected.exitCode)
    wrong.push(`exit code ${answer.exitCode}, not ${expected.exitCode}`)
  wrong.push(...compareText('stdout', expected.stdout, answer.stdout))
  if (peer.phrases && !peer.differs?.stderr)
    wrong.push(...missingPhrases(peer.phrases, answer.stderr))
  else wrong.push(...compareText('stderr', expected.stderr, answer.stderr))
  return wrong
}

/** The phrases that a standard error does not contain, as sentences. */
export function missingPhrases(phrases: string[], stderr: string[]): string[] {
  const text = stderr.join('\n')
  return phrases
    .filter((phrase) => !text.includes(phrase))
    .map((phrase) => `stderr does not say "${phrase}":\n${quote(stderr)}`)
}

function compareText(stream: string, expected: string[], actual: string[]): string[] {
  if (expected.join('\n') === actual.join('\n')) return []
  return [`${stream} should be:\n${quote(expected)}\nbut is:\n${quote(actual)}`]
}

const quote = (lines: string[]): string => lines.map((line) => `  | ${line}`).join('\n')
