import { readFileSync } from 'node:fs'
import { isErrno, LighterError } from '../../lib/core/errors.ts'
import { errnoText } from '../../lib/fs/errno.ts'
import { FlagError } from '../parse.ts'

/** The environment of the flags: files first, then `-e`, of which the last one counts. */
export function readEnvironment(
  files: string[],
  flags: string[],
  host: NodeJS.ProcessEnv,
): string[] {
  const fromFiles = files.flatMap((path) => parseFile(readText(path), host))
  return [...fromFiles, ...flags.flatMap((text) => parseVariable(text, host))]
}

/** `NAME=value`; a name alone takes the value that the caller has, or unsets it. */
function parseVariable(text: string, host: NodeJS.ProcessEnv): string[] {
  if (text === '' || text.startsWith('=')) {
    throw new FlagError(
      `invalid argument "${text}" for "-e, --env" flag: invalid environment variable: ${text}`,
    )
  }
  if (text.includes('=')) return [text]
  const value = host[text]
  return [value === undefined ? text : `${text}=${value}`]
}

/** Labels of files and flags. */
export function readLabels(files: string[], flags: string[]): Record<string, string> {
  for (const text of flags) {
    if (text !== '' && !text.startsWith('=')) continue
    throw new FlagError(
      `invalid argument "${text}" for "-l, --label" flag: invalid label '${text}': empty name`,
    )
  }
  const lines = files.flatMap((path) => parseFile(readText(path), {}))
  return Object.fromEntries([...lines, ...flags].map(splitPair))
}

/** The values of a flag of type `map`: `key=value`, a key alone has an empty value, the last of a key counts. */
export const readMap = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(list.map(splitPair))

function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=')
  return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
}

/**
 * Lines of an env file or a label file: blank ones and comments are skipped. A name alone is looked up; of labels it is left
 * out. Throws `usage`.
 */
export function parseFile(text: string, host: NodeJS.ProcessEnv): string[] {
  const bad = (reason: string): LighterError =>
    new LighterError('usage', `poorly formatted environment: ${reason}`)
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  return lines.flatMap((raw) => {
    const line = raw.trimStart()
    if (line === '' || line.startsWith('#')) return []
    const [name] = splitPair(line)
    if (name === '') throw bad(`no variable name on line '${line}'`)
    if (/\s/.test(name)) throw bad(`variable '${name}' contains whitespaces`)
    if (line.includes('=')) return [line]
    const value = host[name]
    return value === undefined ? [] : [`${name}=${value}`]
  })
}

/** A file that a flag names. Throws `usage` with Go's sentence. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const call = isErrno(error, 'EISDIR') ? 'read' : 'open'
    throw new LighterError('usage', `${call} ${path}: ${errnoText(error)}`, { cause: error })
  }
}
