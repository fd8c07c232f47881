import type { Ulimit } from '../../lib/container/options.ts'
import { isUlimitName, ulimitFault } from '../../lib/container/ulimit.ts'
import { badValue, parseDecimal } from './checked.ts'

/** Parses `name=soft[:hard]`; -1 means no limit. Throws `usage` with Docker's sentences. */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf('=')
  if (equals < 0) throw badValue(`invalid ulimit argument: ${text}`)
  const name = text.slice(0, equals)
  const values = text.slice(equals + 1)
  if (!isUlimitName(name)) throw badValue(`invalid ulimit type: ${name}`)
  const limits = values.split(':')
  if (limits.length > 2) {
    throw badValue(
      `too many limit value arguments - ${values}, can only have up to two, \`soft[:hard]\``,
    )
  }
  const soft = parseDecimal(limits[0] ?? '')
  if (limits[1] === undefined) return { name, soft, hard: soft }
  const hard = parseDecimal(limits[1])
  const fault = ulimitFault({ name, soft, hard })
  if (fault !== undefined) throw badValue(fault)
  return { name, soft, hard }
}
