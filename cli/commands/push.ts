import { LighterError } from '../../lib/core/errors.ts'
import { pushImage } from '../../lib/image/push.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../lib/oci/reference.ts'
import type { Context } from '../context.ts'
import { mustBeSigned } from '../flags/content-trust.ts'
import { showPush } from '../output/push-progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `push`: the progress of each layer, then the digest of each tag; only the name with `-q`. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = parseReference(parsed.operands[0] ?? '')
  const allTags = parsed.bool('all-tags')
  const quiet = parsed.bool('quiet')
  const isTrusted = mustBeSigned(parsed)
  if (isTrusted && !allTags) throw cannotSign()
  const reference = allTags ? given : withDefaultTag(given)
  if (!quiet && reference !== given) context.print(`Using default tag: ${reference.tag}`)
  try {
    await pushImage(context.engine, reference, {
      allTags,
      platform: parsed.string('platform'),
      ...(quiet ? {} : { onProgress: showPush(outputStream(1)) }),
    })
  } catch (error) {
    // Docker's client gets this at the end of an answer that has begun: without the words for a refused request.
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('usage', error.message, { cause: error })
  }
  if (quiet) context.print(familiarReference(reference))
  if (isTrusted) context.print('No tag specified, skipping trust metadata push')
  return 0
}

/** Refused before anything is sent: an image must not be there unsigned because whoever pushed it thought otherwise. */
const cannotSign = (): LighterError =>
  new LighterError('untrusted', 'content trust is on, and lighter does not sign what it pushes', {
    hint: 'With --disable-content-trust it is pushed without a signature; skopeo copy --sign-by signs.',
  })
