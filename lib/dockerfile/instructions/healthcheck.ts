import { parseDuration } from '../../core/duration.ts'
import { quoted } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import type { Flags } from '../flags.ts'
import { commandOf, common, type Understanding } from './arguments.ts'

/** Nanoseconds; what is less cannot be waited for. */
const SHORTEST = 1_000_000

const MAX_RETRIES = 2 ** 31 - 1

export const readHealthcheck: Understanding = {
  flags: {
    interval: 'text',
    timeout: 'text',
    'start-period': 'text',
    'start-interval': 'text',
    retries: 'text',
  },
  read: (statement, flags) => {
    const [written, ...args] = statement.args
    if (written === undefined) {
      throw new DockerfileError('HEALTHCHECK requires at least one argument')
    }
    const type = written.toUpperCase()
    if (type === 'NONE') {
      if (args.length > 0) throw new DockerfileError('HEALTHCHECK NONE takes no arguments')
      return { ...common(statement), kind: 'HEALTHCHECK', check: undefined }
    }
    if (type !== 'CMD') {
      throw new DockerfileError(`Unknown type ${quoted(type)} in HEALTHCHECK (try CMD)`)
    }
    if (args.length === 0) throw new DockerfileError('Missing command after HEALTHCHECK CMD')
    return {
      ...common(statement),
      kind: 'HEALTHCHECK',
      check: {
        command: commandOf({ ...statement, args }),
        interval: readTime(flags, 'interval'),
        timeout: readTime(flags, 'timeout'),
        startPeriod: readTime(flags, 'start-period'),
        startInterval: readTime(flags, 'start-interval'),
        retries: readRetries(flags.text('retries')),
      },
    }
  },
}

/** Nanoseconds; 0: not given. */
function readTime(flags: Flags, name: string): number {
  const text = flags.text(name)
  if (text === undefined) return 0
  const time = parseDuration(text, (reason) => new DockerfileError(reason))
  if (time !== 0 && time < SHORTEST) {
    throw new DockerfileError(`Interval ${quoted(name)} cannot be less than 1ms`)
  }
  return time
}

function readRetries(text: string | undefined): number {
  if (text === undefined) return 0
  if (!/^[+-]?\d+$/.test(text)) throw badRetries(text, 'invalid syntax')
  const retries = Number(text)
  if (retries > MAX_RETRIES || retries < -MAX_RETRIES - 1) {
    throw badRetries(text, 'value out of range')
  }
  if (retries < 0) throw new DockerfileError(`--retries cannot be negative (${retries})`)
  return retries
}

const badRetries = (text: string, reason: string): DockerfileError =>
  new DockerfileError(`strconv.ParseInt: parsing ${quoted(text)}: ${reason}`)
