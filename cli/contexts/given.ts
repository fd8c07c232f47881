import { splitCsv } from '../../lib/core/csv.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import { readMap } from '../flags/key-values.ts'
import type { Parsed } from '../parse.ts'
import { type GivenEndpoint, readEndpoint } from './endpoint.ts'

export type EndpointPairs = Readonly<Record<string, string>>

/** What the flag `--docker` says, `undefined` where it was not given. Throws `FlagError`. */
export function givenPairs(parsed: Parsed): EndpointPairs | undefined {
  if (!parsed.given('docker')) return undefined
  return readMap(parsed.list('docker').flatMap((text) => splitPairs(parsed, text)))
}

/** The endpoint that these describe; what has no effect among them is told. Throws `usage`. */
export function givenEndpoint({ engine, warn }: Context, pairs: EndpointPairs): GivenEndpoint {
  const given = readEndpoint(engine.paths, pairs)
  if (given.unused.length > 0) {
    warn(`WARNING: --docker: beside "from" there is no effect of: ${given.unused.join(', ')}`)
  }
  return given
}

/** A single pair is taken as it is, several are comma-separated values. */
function splitPairs(parsed: Parsed, text: string): string[] {
  const count = text.split('=').length - 1
  const pairs =
    count > 1 ? readCsv(parsed, text) : [count === 0 ? text : text.replace(/^"+|"+$/g, '')]
  const wrong = pairs.find((pair) => !pair.includes('='))
  if (wrong === undefined) return pairs
  throw parsed.invalid('docker', text, `${wrong} must be formatted as key=value`)
}

function readCsv(parsed: Parsed, text: string): string[] {
  try {
    return splitCsv(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw parsed.invalid('docker', text, error.message)
  }
}
