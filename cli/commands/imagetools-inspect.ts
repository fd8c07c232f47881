import { LighterError } from '../../lib/core/errors.ts'
import { inspectImage, inspectName } from '../../lib/imagetools/inspect.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { imagetoolsTable, imagetoolsTemplate } from '../output/imagetools.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `buildx imagetools inspect`: what a registry has under a name. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    await inspect(context, parsed)
    return 0
  }, 'ERROR: ')

async function inspect(context: Context, parsed: Parsed): Promise<void> {
  const { engine } = context
  const [name = ''] = parsed.operands
  const format = parsed.string('format') ?? ''
  const raw = parsed.bool('raw')
  if (format !== '' && raw) {
    throw new LighterError('usage', 'format and raw cannot be used together')
  }
  await chooseBuilder(context, parsed)
  if (raw) {
    // Without a line's end: the digest is that of these bytes.
    return writeOut((await inspectName(engine, name)).bytes)
  }
  if (format === '') return writeOut(imagetoolsTable(await inspectName(engine, name)))
  const wanted = { sbom: /\bSBOM\b/.test(format), provenance: /\bProvenance\b/.test(format) }
  writeOut(imagetoolsTemplate(name, await inspectImage(engine, name, wanted), format))
}
