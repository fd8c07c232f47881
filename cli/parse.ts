import { parseDuration } from '../lib/core/duration.ts'
import { LighterError } from '../lib/core/errors.ts'
import { parseSize } from '../lib/core/size.ts'
import type { FlagSpec, FlagTable, FlagType } from './flags/spec.ts'

type Value = boolean | string | number | string[]

/** The flags and operands of one call. Asking for a flag the command does not have is a fault of ours. */
export class Parsed {
  /** The command as it was called, `run` or `container run`. */
  readonly name: string
  readonly operands: readonly string[]
  readonly #flags: FlagTable
  readonly #values: ReadonlyMap<string, Value>

  constructor(name: string, flags: FlagTable, values: Map<string, Value>, operands: string[]) {
    this.name = name
    this.#flags = flags
    this.#values = values
    this.operands = operands
  }

  /** Whether the flag was on the command line. */
  given(flag: string): boolean {
    return this.#values.has(flag)
  }

  /** Whether no other flags than these were. */
  givenOnly(flags: ReadonlySet<string>): boolean {
    return [...this.#values.keys()].every((flag) => flags.has(flag))
  }

  bool(flag: string): boolean {
    return this.#value(flag, 'bool') === true
  }

  string(flag: string): string | undefined {
    const value = this.#value(flag, 'string')
    return value === undefined ? undefined : String(value)
  }

  /** Whole number; for a `duration`, nanoseconds; for a size, bytes. */
  int(flag: string): number | undefined {
    const value = this.#value(flag, 'int', 'uint', 'uint16', 'bytes', 'swap', 'duration')
    return value === undefined ? undefined : Number(value)
  }

  list(flag: string): string[] {
    const value = this.#value(flag, 'list', 'strings')
    return Array.isArray(value) ? value : []
  }

  /** The error for a value that turned out wrong only after parsing, in the words of all the others. */
  invalid(flag: string, text: string, reason: string): FlagError {
    return invalidArgument(flag, this.#flags[flag]?.short, text, reason)
  }

  #value(flag: string, ...types: FlagType[]): Value | undefined {
    const spec = this.#flags[flag]
    if (!spec || spec.aliasOf || !types.includes(spec.type)) {
      throw new TypeError(`${this.name} has no flag --${flag} of type ${types.join(' or ')}`)
    }
    return this.#values.get(flag) ?? spec.default
  }
}

/** `help` when `--help` was among the flags: nothing else counts then. */
export type ParseResult = { kind: 'call'; parsed: Parsed } | { kind: 'help'; deprecated: boolean }

/** A flag that the command line got wrong. Docker prints the text, then where to find help; exit code 125. */
export class FlagError extends LighterError {
  constructor(message: string) {
    super('usage', message)
  }
}

function invalidArgument(
  name: string,
  short: string | undefined,
  text: string,
  reason: string,
): FlagError {
  const flag = short ? `-${short}, --${name}` : `--${name}`
  return new FlagError(`invalid argument "${text}" for "${flag}" flag: ${reason}`)
}

/** What the parser needs of a command. */
interface Parseable {
  flags: () => FlagTable
  stopAtOperand?: boolean
}

interface Scan {
  flags: FlagTable
  stopAtOperand: boolean
  values: Map<string, Value>
  operands: string[]
}

/** Thrown inside the scanner when `--help` or `-h` is met: as in Docker, later mistakes do not matter then. */
class HelpWanted {
  readonly deprecated: boolean
  constructor(deprecated: boolean) {
    this.deprecated = deprecated
  }
}

/** Reads flags and operands with the rules of Docker's flag library. Throws `FlagError`. */
export function parseArguments(command: Parseable, name: string, argv: string[]): ParseResult {
  const flags = command.flags()
  const scan: Scan = {
    flags,
    stopAtOperand: command.stopAtOperand === true,
    values: new Map(),
    operands: [],
  }
  try {
    scanWords(scan, argv)
  } catch (error) {
    if (error instanceof HelpWanted) return { kind: 'help', deprecated: error.deprecated }
    throw error
  }
  return { kind: 'call', parsed: new Parsed(name, flags, scan.values, scan.operands) }
}

/** Reads the flags before the command; what follows them is left as operands. */
export const parseGlobals = (flags: FlagTable, argv: string[]): ParseResult =>
  parseArguments({ flags: () => flags, stopAtOperand: true }, '', argv)

function scanWords(scan: Scan, argv: string[]): void {
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? ''
    if (word === '--') {
      scan.operands.push(...argv.slice(index + 1))
      return
    }
    if (word.length < 2 || !word.startsWith('-')) {
      if (scan.stopAtOperand) {
        scan.operands.push(...argv.slice(index))
        return
      }
      scan.operands.push(word)
      continue
    }
    const next = argv[index + 1]
    if (word.startsWith('--') ? scanLong(scan, word, next) : scanShort(scan, word, next)) index++
  }
}

/** Returns whether the next word was used as the value. */
function scanLong(scan: Scan, word: string, next: string | undefined): boolean {
  const equals = word.indexOf('=')
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
  if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`)
  const spec = Object.hasOwn(scan.flags, name) ? scan.flags[name] : undefined
  if (!spec) {
    if (name === 'help') throw new HelpWanted(false)
    throw new FlagError(`unknown flag: --${name}`)
  }
  if (equals >= 0) {
    setValue(scan, name, spec, word.slice(equals + 1))
    return false
  }
  if (spec.type === 'bool') {
    setValue(scan, name, spec, 'true')
    return false
  }
  if (next === undefined) throw new FlagError(`flag needs an argument: --${name}`)
  setValue(scan, name, spec, next)
  return true
}

/** A cluster like `-itd`, `-eA=b`, `-e=A=b` or `-e A=b`. Returns whether the next word was used as the value. */
function scanShort(scan: Scan, word: string, next: string | undefined): boolean {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? ''
    const [name, spec] = findShort(scan.flags, letter)
    const rest = word.slice(at + 1)
    if (!spec) {
      if (letter === 'h') throw new HelpWanted(true)
      throw new FlagError(`unknown shorthand flag: '${letter}' in -${word.slice(at)}`)
    }
    if (rest.length > 1 && rest.startsWith('=')) {
      setValue(scan, name, spec, rest.slice(1))
      return false
    }
    if (spec.type === 'bool') {
      setValue(scan, name, spec, 'true')
      continue
    }
    if (rest !== '') {
      setValue(scan, name, spec, rest)
      return false
    }
    if (next === undefined) {
      throw new FlagError(`flag needs an argument: '${letter}' in -${word.slice(at)}`)
    }
    setValue(scan, name, spec, next)
    return true
  }
  return false
}

function findShort(flags: FlagTable, letter: string): [string, FlagSpec] | ['', undefined] {
  for (const [name, spec] of Object.entries(flags)) if (spec.short === letter) return [name, spec]
  return ['', undefined]
}

function setValue(scan: Scan, name: string, spec: FlagSpec, text: string): void {
  const target = spec.aliasOf ?? name
  const complain = (reason: string) => invalidArgument(name, spec.short, text, reason)
  const wrong = spec.check?.(text)
  if (wrong !== undefined) throw complain(wrong)
  switch (spec.type) {
    case 'bool':
      scan.values.set(target, parseBool(text, complain))
      break
    case 'int':
      scan.values.set(target, parseInteger(text, complain))
      break
    case 'uint':
    case 'uint16':
      scan.values.set(
        target,
        parseUnsigned(text, spec.type === 'uint16' ? 65535 : MAX_UINT, complain),
      )
      break
    case 'bytes':
    case 'swap':
      scan.values.set(
        target,
        spec.type === 'swap' && text === '-1' ? -1 : parseSize(text, complain),
      )
      break
    case 'duration':
      scan.values.set(target, parseDuration(text, complain))
      break
    case 'string':
      scan.values.set(target, text)
      break
    case 'list':
    case 'strings': {
      const before = scan.values.get(target)
      const added = spec.type === 'strings' ? text.split(',') : [text]
      scan.values.set(target, [...(Array.isArray(before) ? before : []), ...added])
      break
    }
  }
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

function parseBool(text: string, complain: (reason: string) => FlagError): boolean {
  if (TRUE.has(text)) return true
  if (FALSE.has(text)) return false
  throw complain(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

const MAX_UINT = 2 ** 64

function parseUnsigned(text: string, max: number, complain: (reason: string) => FlagError): number {
  const value = /^[-+]/.test(text) ? Number.NaN : integerOf(text)
  const quoted = JSON.stringify(text)
  if (Number.isNaN(value)) throw complain(`strconv.ParseUint: parsing ${quoted}: invalid syntax`)
  if (value > max) throw complain(`strconv.ParseUint: parsing ${quoted}: value out of range`)
  return value
}

/** Decimal, `0x`, `0o`, `0b` and `0` prefixed, as scripts may have relied on. */
function integerOf(text: string): number {
  const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)$/.exec(text)
  const digits = match?.[2]
  if (!digits) return Number.NaN
  const octal = /^0[0-7]+$/.test(digits)
  return Number(octal ? `0o${digits.slice(1)}` : digits) * (match[1] === '-' ? -1 : 1)
}

function parseInteger(text: string, complain: (reason: string) => FlagError): number {
  const value = integerOf(text)
  if (Number.isNaN(value)) {
    throw complain(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  if (!Number.isSafeInteger(value)) {
    throw complain(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  }
  return value
}
