import { CallError } from './call.ts'
import { define, type FunctionTable } from './define.ts'
import { formatList, formatText } from './format.ts'
import { toText, type Value } from './value.ts'

/** A pattern of Go, whose named groups and flags are written otherwise. */
function compile(pattern: string, flags = ''): RegExp {
  const [, letters = '', rest = pattern] = /^\(\?([imsU]+)\)([\s\S]*)$/.exec(pattern) ?? []
  const known = letters.replaceAll('U', '')
  try {
    return new RegExp(rest.replaceAll('(?P<', '(?<'), `u${known}${flags}`)
  } catch (error) {
    throw new CallError(`invalid regexp pattern: ${error instanceof Error ? error.message : error}`)
  }
}

/** The whole match where a pattern has no groups, else its groups, by name where they have names. */
function captured(match: RegExpExecArray): Value {
  if (match.groups)
    return new Map(Object.entries(match.groups).map(([name, text]) => [name, text ?? null]))
  return match.length === 1 ? match[0] : match.slice(1).map((text) => text ?? null)
}

function matchFirst(pattern: string, text: string): Value {
  const match = compile(pattern).exec(text)
  if (match) return captured(match)
  throw new CallError('pattern did not match any part of the given string')
}

/** Go writes `$1` and `${1}`, and `$name` for named ones. */
function replaceAll(text: string, pattern: string, replacement: string): string {
  return text.replace(compile(pattern, 'g'), (...match) => {
    const groups = typeof match.at(-1) === 'object' ? (match.at(-1) as Record<string, string>) : {}
    return replacement.replace(
      /\$\$|\$(\w+)|\$\{(\w+)\}/g,
      (whole, plain?: string, braced?: string) => {
        if (whole === '$$') return '$'
        const name = plain ?? braced ?? ''
        return /^\d+$/.test(name) ? String(match[Number(name)] ?? '') : (groups[name] ?? '')
      },
    )
  })
}

/** What a person sees as characters. */
const characters = (text: string): string[] =>
  [...new Intl.Segmenter('en').segment(text)].map(({ segment }) => segment)

function substring(text: string, offset: number, length: number): string {
  const all = characters(text)
  const start = offset < 0 ? Math.max(0, all.length + offset) : offset
  return all.slice(start, length < 0 ? undefined : start + length).join('')
}

function byteSlice(text: string, offset: number, length: number): string {
  const bytes = Buffer.from(text)
  const start = offset < 0 ? bytes.length + offset : offset
  return bytes.subarray(start, length < 0 ? undefined : start + length).toString('utf8')
}

function trimmed(text: string, cutset: string): string {
  const all = [...text]
  const isCut = (character: string | undefined) =>
    character !== undefined && [...cutset].includes(character)
  while (isCut(all[0])) all.shift()
  while (isCut(all.at(-1))) all.pop()
  return all.join('')
}

function join(separator: string, ...lists: (readonly Value[])[]): string {
  if (lists.length === 0) throw new CallError('at least one list is required')
  return lists
    .flat()
    .map((item) => {
      const text = toText(item as Value)
      if (text === undefined) throw new CallError('unsuitable value for the list: string required')
      return text
    })
    .join(separator)
}

/** Splits as `/regex/` where the text that is looked for stands between slashes. */
function replace(text: string, search: string, replacement: string): string {
  return text.replaceAll(search, () => replacement)
}

const title = (text: string): string =>
  text.replace(
    /(^|[^\p{L}\p{N}_'])(\p{Ll})/gu,
    (_, before, letter) => before + letter.toUpperCase(),
  )

/** Functions on text. */
export const textFunctions: FunctionTable = {
  basename: define(
    'path:string',
    (path: string) => path.replace(/\/+$/, '').split('/').at(-1) || (path ? '/' : '.'),
  ),
  byteslen: define('buf:string', (text: string) => Buffer.byteLength(text)),
  bytesslice: define('buf:string offset:number length:number', byteSlice),
  chomp: define('str:string', (text: string) => text.replace(/[\r\n]+$/, '')),
  dirname: define('path:string', (path: string) =>
    process.getBuiltinModule('node:path').posix.dirname(path),
  ),
  format: define('format:string ...args:any', formatText),
  formatlist: define('format:string ...args:any', formatList),
  indent: define('spaces:number str:string', (count: number, text: string) =>
    text.replaceAll('\n', `\n${' '.repeat(count)}`),
  ),
  join: define('separator:string ...lists:list', join),
  lower: define('str:string', (text: string) => text.toLowerCase()),
  regex: define('pattern:string string:string', matchFirst),
  regex_replace: define('str:string pattern:string replace:string', replaceAll),
  regexall: define('pattern:string string:string', (pattern: string, text: string) =>
    [...text.matchAll(compile(pattern, 'g'))].map(captured),
  ),
  replace: define('str:string substr:string replace:string', replace),
  reverse: define('str:string', (text: string) => characters(text).reverse().join('')),
  sanitize: define('name:string', (name: string) => name.replace(/[^a-zA-Z0-9_-]+/gu, '_')),
  split: define('separator:string str:string', (separator: string, text: string) =>
    separator === '' ? [...text] : text.split(separator),
  ),
  strlen: define('str:string', (text: string) => characters(text).length),
  substr: define('str:string offset:number length:number', substring),
  title: define('str:string', title),
  trim: define('str:string cutset:string', trimmed),
  trimprefix: define('str:string prefix:string', (text: string, prefix: string) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  trimspace: define('str:string', (text: string) => text.trim()),
  trimsuffix: define('str:string suffix:string', (text: string, suffix: string) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  upper: define('str:string', (text: string) => text.toUpperCase()),
}
