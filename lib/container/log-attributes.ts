import { logFailure } from './log-options.ts'
import type { ContainerRecord } from './record.ts'

/** What the options of a log driver choose of labels and environment. Throws `start-failed`. */
export function logAttributes({ config, host }: ContainerRecord): Record<string, string> {
  const options = host.logConfig?.config ?? {}
  return {
    ...choose(Object.entries(config.labels), options.labels, options['labels-regex']),
    ...choose(config.env.map(splitVariable), options.env, options['env-regex']),
  }
}

function splitVariable(entry: string): [string, string] {
  const equals = entry.indexOf('=')
  return [entry.slice(0, equals), entry.slice(equals + 1)]
}

function choose(
  all: readonly [string, string][],
  names: string | undefined,
  regex: string | undefined,
): Record<string, string> {
  if (!names && !regex) return {}
  const wanted = new Set((names ?? '').split(','))
  const pattern = regex ? compile(regex) : undefined
  return Object.fromEntries(all.filter(([key]) => wanted.has(key) || pattern?.test(key)))
}

/** Flags at the beginning, as Go has them, are JavaScript's own. */
function compile(text: string): RegExp {
  const [all = '', flags = ''] = /^\(\?([ims]+)\)/.exec(text) ?? []
  const unsupported = /\(\?(?:=|!|<=|<!)/.exec(text)
  if (unsupported) {
    throw logFailure(
      `error parsing regexp: invalid or unsupported Perl syntax: \`${unsupported[0]}\``,
    )
  }
  try {
    return new RegExp(text.slice(all.length), flags)
  } catch (error) {
    throw logFailure(`error parsing regexp: ${reasonOf(error)}: \`${text}\``)
  }
}

/** Go's words for what JavaScript complains about. */
const REASONS: readonly [RegExp, string][] = [
  [/Unterminated group/, 'missing closing )'],
  [/Unmatched '\)'/, 'unexpected )'],
  [/Unterminated character class/, 'missing closing ]'],
  [/Nothing to repeat/, 'missing argument to repetition operator'],
  [/Range out of order/, 'invalid character class range'],
  [/\\ at end of pattern/, 'trailing backslash at end of expression'],
]

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return REASONS.find(([pattern]) => pattern.test(message))?.[1] ?? 'invalid syntax'
}
