import type { KeyValue } from './ast.ts'
import { isBlank, quoted, trimBlank } from './characters.ts'
import { DockerfileError } from './errors.ts'
import type { Escape } from './lexer.ts'
import { jsonTexts, plainWords, quotedWords, splitFirst, takeFlags } from './words.ts'

/** An instruction taken apart by what its name asks for, before anything is known of its meaning. */
export interface Line {
  /** The whole instruction, on one line. */
  original: string
  /** Its name as it is written, and in capitals. */
  keyword: string
  name: string
  /** With their `--`. */
  flags: string[]
  args: string[]
  /** The arguments were an array in JSON. */
  json: boolean
  /** ENV and LABEL. */
  pairs: KeyValue[]
  /** `ENV name value`: one pair, without `=`. */
  legacy: boolean
  /** ONBUILD: the instruction it keeps. */
  trigger: Line | undefined
  takesHeredocs: boolean
}

/** What the arguments of an instruction are: each name's own way of reading them. */
type Arguments = Pick<Line, 'args'> & Partial<Pick<Line, 'json' | 'pairs' | 'legacy' | 'trigger'>>

type Reader = (text: string, escaper: Escape, name: string) => Arguments

const words: Reader = (text) => ({ args: plainWords(text) })

const wholeText: Reader = (text) => ({ args: text === '' ? [] : [text] })

const jsonOr =
  (otherwise: Reader): Reader =>
  (text, escaper, name) => {
    const args = jsonTexts(text)
    return args === undefined ? otherwise(text, escaper, name) : { args, json: true }
  }

const names: Reader = (text, escaper) => ({ args: quotedWords(text, escaper) })

/** `name=value …`, or the old `name value` if there is no `=` in the first word. */
const pairs: Reader = (text, escaper, name) => {
  const found = quotedWords(text, escaper)
  if (found[0] === undefined) return { args: [] }
  if (!found[0].includes('=')) {
    const { first: key, rest: value } = splitFirst(text)
    if (value === undefined) throw new DockerfileError(`${name} must have two arguments`)
    return { args: [], pairs: [{ key, value }], legacy: true }
  }
  return { args: [], pairs: found.map(pairOf) }
}

function pairOf(word: string): KeyValue {
  const equals = word.indexOf('=')
  if (equals >= 0) return { key: word.slice(0, equals), value: word.slice(equals + 1) }
  throw new DockerfileError(
    `Syntax error - can't find = in ${quoted(word)}. Must be of the form: name=value`,
  )
}

/** NONE, or CMD and a command. */
const healthcheck: Reader = (text, escaper, name) => {
  if (text === '') return { args: [] }
  let end = 0
  while (end < text.length && !isBlank(text.charAt(end))) end += 1
  const { args, ...rest } = jsonOr(wholeText)(trimBlank(text.slice(end)), escaper, name)
  return { args: [text.slice(0, end), ...args], ...rest }
}

const trigger: Reader = (text, escaper) =>
  text === '' ? { args: [] } : { args: [], trigger: readLine(text, escaper, true) }

const READERS: ReadonlyMap<string, Reader> = new Map([
  ['ADD', jsonOr(words)],
  ['ARG', names],
  ['CMD', jsonOr(wholeText)],
  ['COPY', jsonOr(words)],
  ['ENTRYPOINT', jsonOr(wholeText)],
  ['ENV', pairs],
  ['EXPOSE', words],
  ['FROM', words],
  ['HEALTHCHECK', healthcheck],
  ['LABEL', pairs],
  ['MAINTAINER', wholeText],
  ['ONBUILD', trigger],
  ['RUN', jsonOr(wholeText)],
  ['SHELL', jsonOr(wholeText)],
  ['STOPSIGNAL', wholeText],
  ['USER', wholeText],
  ['VOLUME', jsonOr(words)],
  ['WORKDIR', wholeText],
])

const WITH_HEREDOCS: ReadonlySet<string> = new Set(['ADD', 'COPY', 'RUN'])

/** Takes one instruction apart. Names that are not known are kept, and refused when the instruction is understood. */
export function readLine(text: string, escaper: Escape, inTrigger = false): Line {
  const original = trimBlank(text)
  const { first: keyword, rest } = splitFirst(original)
  const { flags, rest: after } = takeFlags(rest ?? '')
  const name = keyword.toUpperCase()
  // A trigger of a trigger is refused by its name: it is not looked into.
  const reader = inTrigger && name === 'ONBUILD' ? undefined : READERS.get(name)
  const read = reader?.(trimBlank(after), escaper, name) ?? { args: [] }
  const line = { json: false, pairs: [], legacy: false, trigger: undefined, ...read }
  const owner = line.trigger ?? { name, json: line.json }
  const takesHeredocs = WITH_HEREDOCS.has(owner.name) && !owner.json
  return { original, keyword, name, flags, ...line, takesHeredocs }
}
