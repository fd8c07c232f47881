import { LighterError } from '../../lib/core/errors.ts'
import { pullImage } from '../../lib/image/pull.ts'
import { parseReference, type Reference, withDefaultTag } from '../../lib/oci/reference.ts'
import type { Context } from '../context.ts'
import { mustBeSigned } from '../flags/content-trust.ts'
import { showPull } from '../output/progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `pull`: the progress, then the full name; only the name with `-q`. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = parseReference(parsed.operands[0] ?? '')
  const pull = parsed.bool('all-tags') ? pullTags : pullOne
  context.print(await pull(context, parsed, given))
  return 0
}

async function pullOne(context: Context, parsed: Parsed, given: Reference): Promise<string> {
  const quiet = parsed.bool('quiet')
  const reference = withDefaultTag(given)
  if (!quiet && reference !== given) context.print(`Using default tag: ${reference.tag}`)
  return await pullImage(context.engine, reference, {
    platform: parsed.string('platform'),
    signed: mustBeSigned(parsed),
    ...(quiet ? {} : { onProgress: showPull(outputStream(1)) }),
  })
}

async function pullTags({ engine }: Context, parsed: Parsed, given: Reference): Promise<string> {
  if (given.tag !== undefined || given.digest !== undefined) {
    throw new LighterError('usage', "tag can't be used with --all-tags/-a")
  }
  const { pullAllTags } = await import('../../lib/image/pull-tags.ts')
  return await pullAllTags(engine, given, {
    platform: parsed.string('platform'),
    signed: mustBeSigned(parsed),
    // Bars of one tag are not drawn over those of another.
    ...(parsed.bool('quiet') ? {} : { watch: () => showPull(outputStream(1)) }),
  })
}
