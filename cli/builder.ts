import type { Builder } from '../lib/build/builders.ts'
import type { Context } from './context.ts'
import type { Parsed } from './parse.ts'

/**
 * The builder that a command is to use: that of the flag, of BUILDX_BUILDER, the one that `use` has chosen. Throws `usage` for one that
 * there is not.
 */
export async function chooseBuilder({ engine }: Context, parsed: Parsed): Promise<Builder> {
  const { currentBuilder, findBuilder } = await import('../lib/build/builders.ts')
  const name = parsed.string('builder') || process.env.BUILDX_BUILDER
  return name ? findBuilder(engine.paths.data, name) : currentBuilder(engine.paths.data)
}
