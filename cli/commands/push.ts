import { LighterError } from '../../lib/core/errors.ts'
import { pushImage } from '../../lib/image/push.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../lib/oci/reference.ts'
import type { Context } from '../context.ts'
import { showPush } from '../output/push-progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `push`: the progress of each layer, then the digest of each tag; only the name with `-q`. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = parseReference(parsed.operands[0] ?? '')
  const allTags = parsed.bool('all-tags')
  const quiet = parsed.bool('quiet')
  if (!parsed.bool('disable-content-trust')) {
    throw new LighterError('unsupported', '--disable-content-trust=false: images are not signed')
  }
  const reference = allTags ? given : withDefaultTag(given)
  if (!quiet && reference !== given) context.print(`Using default tag: ${reference.tag}`)
  try {
    await pushImage(context.engine, reference, {
      allTags,
      ...(quiet ? {} : { onProgress: showPush(outputStream(1)) }),
    })
  } catch (error) {
    // Docker's client gets this at the end of an answer that has begun: without the words for a refused request.
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('usage', error.message, { cause: error })
  }
  if (quiet) context.print(familiarReference(reference))
  return 0
}
