import { pullImage } from '../../lib/image/pull.ts'
import { parseReference, withDefaultTag } from '../../lib/oci/reference.ts'
import type { Context } from '../context.ts'
import { showPull } from '../output/progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `pull`: the progress, then the full name; only the name with `-q`. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = parseReference(parsed.operands[0] ?? '')
  const quiet = parsed.bool('quiet')
  const reference = withDefaultTag(given)
  if (!quiet && reference !== given) context.print(`Using default tag: ${reference.tag}`)
  const name = await pullImage(context.engine, reference, {
    platform: parsed.string('platform'),
    ...(quiet ? {} : { onProgress: showPull(outputStream(1)) }),
  })
  context.print(name)
  return 0
}
