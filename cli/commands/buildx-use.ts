import {
  DEFAULT_BUILDER,
  parseBuilderName,
  readBuilder,
  useBuilder,
} from '../../lib/build/builders.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `buildx use`: the builder of later commands. */
export const run = ({ engine }: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(() => {
    const { data } = engine.paths
    const given = parsed.operands[0] ?? parsed.string('builder') ?? ''
    const name = nameOf(given)
    if (name !== DEFAULT_BUILDER && !readBuilder(data, name))
      throw missing(given, 'no such builder')
    useBuilder(data, name)
    return 0
  }, 'ERROR: ')

function nameOf(text: string): string {
  try {
    return parseBuilderName(text)
  } catch (error) {
    throw error instanceof LighterError ? missing(text, error.message) : error
  }
}

const missing = (name: string, reason: string): LighterError =>
  new LighterError('usage', `failed to find instance ${JSON.stringify(name)}: ${reason}`)
