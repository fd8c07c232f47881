import type { Ulimit } from '../../lib/container/options.ts'
import { badValue, parseDecimal } from './checked.ts'

const NAMES = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)

/** Parses `name=soft[:hard]`; -1 means no limit. Throws `usage` with Docker's sentences. */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf('=')
  if (equals < 0) throw badValue(`invalid ulimit argument: ${text}`)
  const name = text.slice(0, equals)
  const values = text.slice(equals + 1)
  if (!NAMES.has(name)) throw badValue(`invalid ulimit type: ${name}`)
  const limits = values.split(':')
  if (limits.length > 2) {
    throw badValue(
      `too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``,
    )
  }
  const soft = parseDecimal(limits[0] ?? '')
  if (limits[1] === undefined) return { name, soft, hard: soft }
  const hard = parseDecimal(limits[1])
  if (hard !== -1 && (soft > hard || soft === -1)) {
    throw badValue(
      soft === -1
        ? `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`
        : `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    )
  }
  return { name, soft, hard }
}
