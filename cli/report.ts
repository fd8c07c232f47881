import { type ErrorCode, isSystemError, LighterError, systemErrorText } from '../lib/core/errors.ts'
import type { CommandSpec } from './command-spec.ts'
import { FlagError } from './parse.ts'

const EXIT_CODES: Partial<Record<ErrorCode, number>> = {
  'command-not-executable': 126,
  'command-not-found': 127,
  'file-missing': 127,
}

/**
 * Whether a failure is reported as `run` reports it: it starts something of the user's, and a failure of ours must not look like
 * one of the program's. `create` does so only for what its command line has wrong.
 */
function isStarterFailure(name: string, error: unknown): boolean {
  if (/^(container )?run$/.test(name)) return true
  return (
    /^(container )?create$/.test(name) && error instanceof LighterError && error.code === 'usage'
  )
}

/** A command line that cannot be called as it is: the sentence, then where to find help. */
export class UsageFailure extends LighterError {
  readonly name: string
  readonly exitCode: number
  /** Its usage line and summary are shown too. */
  readonly command: CommandSpec | undefined

  constructor(message: string, name: string, exitCode: number, command?: CommandSpec) {
    super('usage', message)
    this.name = name
    this.exitCode = exitCode
    this.command = command
  }
}

/** What Docker's client refuses with nothing but the sentences and exit code 1, whatever the command. */
export class BareRefusal extends LighterError {
  constructor(sentences: string[]) {
    super('usage', sentences.join('\n'))
  }
}

export interface Failure {
  program: string
  /** The command as it was called; empty when none was found. */
  name: string
  debug: boolean
}

/** Prints what went wrong and returns the exit code. The only place where errors become text. */
export function reportError(error: unknown, where: Failure): number {
  if (error instanceof FlagError) return reportUsage(error.message, where.name, 125, where)
  if (error instanceof UsageFailure) {
    const code = reportUsage(error.message, error.name, error.exitCode, where)
    if (error.command) {
      const usage = error.command.usage && ` ${error.command.usage}`
      writeError(`\nUsage:  ${where.program} ${error.name}${usage}\n\n${error.command.summary}`)
    }
    return code
  }
  if (error instanceof BareRefusal) {
    writeError(error.message)
    return 1
  }
  const starter = isStarterFailure(where.name, error)
  const prefix = starter ? `${where.program}: ` : ''
  if (error instanceof LighterError) return reportExpected(error, where, prefix, starter)
  if (isSystemError(error)) {
    writeError(`${prefix}${systemErrorText(error)}`)
    if (where.debug) writeError(stackOf(error))
    return starter ? 125 : 1
  }
  const text = error instanceof Error ? error.message : String(error)
  writeError(`${prefix}internal error: ${text}`)
  if (where.debug) writeError(stackOf(error))
  else
    writeError(
      `This is a fault of the program; '${where.program} --debug ${where.name} …' shows where.`,
    )
  return starter ? 125 : 1
}

function reportExpected(
  error: LighterError,
  where: Failure,
  prefix: string,
  starter: boolean,
): number {
  const end = starter && !/[.\n]$/.test(error.message) ? '.' : ''
  writeError(`${prefix}${describeError(error)}${end}`)
  if (error.hint) writeError(error.hint)
  if (starter && !NO_HELP.has(error.code)) {
    writeError(`See '${where.program} ${where.name} --help'.`)
  }
  if (where.debug) writeError(stackOf(error))
  return EXIT_CODES[error.code] ?? (starter ? 125 : 1)
}

/** What goes wrong after the command line was understood and the image was there ends without a pointer to help. */
const NO_HELP: ReadonlySet<ErrorCode> = new Set([
  'command-not-found',
  'command-not-executable',
  'file-missing',
  'host-setup',
  'native',
  'no-such-network',
  'not-running',
  'start-failed',
  'no-space',
  'state-format',
])

/** What Docker's client finds out by itself; the host's own troubles are not called a daemon's either. */
const OWN_WORDS: ReadonlySet<ErrorCode> = new Set([
  'usage',
  // It comes in the stream of what a load has to say.
  'bad-archive',
  'pull-ended',
  'bad-reference',
  'bad-platform',
  'bad-digest',
  'no-such-object',
  'digest-mismatch',
  'platform-mismatch',
  'untrusted',
  'host-setup',
  'native',
  'state-format',
])

/** The sentence with the words in front that scripts look for. */
export function describeError(error: LighterError): string {
  const { code, message } = error
  if (code === 'no-such-object') return `Error: ${message}`
  return isDaemonsWord(error) && !message.startsWith(DAEMON) ? `${DAEMON}${message}` : message
}

/** Whether it is what Docker's daemon would have said. */
export const isDaemonsWord = ({ code }: LighterError): boolean => !OWN_WORDS.has(code)

/** What Docker's client puts before everything that its daemon refuses; scripts look for it. */
export const DAEMON = 'Error response from daemon: '

function reportUsage(message: string, name: string, code: number, where: Failure): number {
  writeError(message)
  writeError(`See '${where.program} ${name && `${name} `}--help'.`)
  return code
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

/** Names of images and sentences of registries are among it: they must not steer the reader's terminal. */
export const writeError = (text: string): void =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  void process.stderr.write(`${text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, '?')}\n`)
