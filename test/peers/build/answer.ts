import { normaliseLines } from '../normalise.ts'
import { readImage } from './image.ts'
import { type BuildAnswer, type BuildCase, END, OUTPUT } from './suite.ts'

/** What the script of a case left. */
export interface RawAnswer {
  exitCode: number
  stdout: Buffer
  stderr: string
}

/** The comparable answer of a script; throws where it could not do its work. */
export function readAnswer({ exitCode, stdout, stderr }: RawAnswer): BuildAnswer {
  const [said = '', rest] = stderr.split(OUTPUT)
  if (rest === undefined) throw new Error(`The case could not be prepared: ${exitCode}\n${stderr}`)
  const [output = '', saved = ''] = rest.split(END)
  if (exitCode !== 0) return { exitCode, error: errorOf(said), output: tidy(output) }
  if (stdout.length === 0) throw new Error(`docker save: ${saved}`)
  const image = readImage(stdout)
  return { exitCode, error: [], output: tidy(output), ...image, history: tidyAll(image.history) }
}

/** Where the error is, and what it is: its last sentence, without the advice behind it. */
function errorOf(said: string): string[] {
  const lines = tidy(said).filter((line) => line !== '' && !line.startsWith('\\ no newline'))
  const isError = (line: string) => /^error: /i.test(line)
  const sentence = lines.findLastIndex(isError)
  const place = lines.findLast((line, index) => index < sentence && /^\S+:\d+$/.test(line))
  if (sentence < 0) return lines.slice(0, 1)
  return [...(place ? [place] : []), lines[sentence] ?? '']
}

/** Beside what all scripts have: what BuildKit and a server of the case name anew each time. */
const RULES: [RegExp, string][] = [
  [/\/var\/lib\/docker\/(?:tmp\/buildkit-mount\d+|overlay2\/\w+\/merged)/g, '<root>'],
  [/http:\/\/127\.0\.0\.1:\d+/g, '<server>'],
  [/127\.0\.0\.1:\d+/g, '<server>'],
  [/\bchecksum of ref \S+:(?= )/g, 'checksum of ref <ref>:'],
  [/\b[a-z0-9]{25}\b/g, '<buildkit-id>'],
]
const tidyAll = (lines: string[]): string[] => lines.flatMap((line) => tidy(`${line}\n`))
const tidy = (text: string): string[] =>
  normaliseLines(
    RULES.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text),
  )

/** A part of an answer that is not as it should be. */
export interface Wrong {
  part: keyof BuildAnswer
  text: string
}

/** What is wrong with an answer; empty when it is as recorded or differs as the case says. */
export function compareBuilds(
  each: BuildCase,
  recorded: BuildAnswer,
  answer: BuildAnswer,
): Wrong[] {
  const { why: _, ...differs } = each.differs ?? { why: '' }
  const expected: BuildAnswer = { ...recorded, ...differs }
  const parts: (keyof BuildAnswer)[] =
    each.olderDockerfile === undefined
      ? ['exitCode', 'error', 'output', 'config', 'history', 'layers', 'files']
      : ['exitCode', 'files']
  return parts.flatMap((part) => {
    const said = timeless(lines(answer[part]))
    if (part === 'error' && each.phrases && !differs.error)
      return each.phrases
        .filter((phrase) => !said.join('\n').includes(phrase))
        .map((phrase) => ({ part, text: `the error does not say "${phrase}":\n${quote(said)}` }))
    const wanted = timeless(lines(expected[part]))
    if (wanted.join('\n') === said.join('\n')) return []
    return [{ part, text: `${part}:\n${difference(wanted, said)}` }]
  })
}

/** Without times of change: the cache goes by content, so that they may be those of another case's files. */
const timeless = (all: string[]): string[] => all.map((line) => line.replace(/ at \d+$/, ''))

function lines(value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null) return [JSON.stringify(value)]
  return Object.entries(value).flatMap(([key, member]) =>
    key === 'config'
      ? lines(member).map((line) => `config.${line}`)
      : [`${key}: ${JSON.stringify(member)}`],
  )
}

const quote = (text: string[]): string => text.map((line) => `  | ${line}`).join('\n')

/** The lines that only one of them has, in the order of both. */
function difference(wanted: string[], said: string[]): string {
  const only = (ours: string[], theirs: string[], sign: string) =>
    ours.filter((line) => !theirs.includes(line)).map((line) => `  ${sign} ${line}`)
  const both = [...only(wanted, said, '-'), ...only(said, wanted, '+')]
  return both.length > 0 ? both.join('\n') : `${quote(wanted)}\nin another order:\n${quote(said)}`
}
