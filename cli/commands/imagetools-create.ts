import { isSystemError, LighterError, systemErrorReason } from '../../lib/core/errors.ts'
import { readSmallFile } from '../../lib/fs/read.ts'
import { createImage } from '../../lib/imagetools/create.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { showPushing } from '../output/pushing-progress.ts'
import { outputStream, writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** No descriptor is longer. */
const MAX_FILE = 1024 * 1024

/** `buildx imagetools create`: an image of others, under one name or several. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    await create(context, parsed)
    return 0
  }, 'ERROR: ')

async function create(context: Context, parsed: Parsed): Promise<void> {
  const files = parsed.list('file')
  const tags = parsed.list('tag')
  const dryRun = parsed.bool('dry-run')
  if (parsed.operands.length === 0 && files.length === 0) throw bad('no sources specified')
  if (!dryRun && tags.length === 0) {
    throw bad("can't push with no tags specified, please set --tag or --dry-run")
  }
  const sources = [...files.map(readSource), ...parsed.operands]
  await chooseBuilder(context, parsed)
  const request = {
    sources,
    tags,
    annotations: parsed.list('annotation'),
    append: parsed.bool('append'),
    preferIndex: parsed.bool('prefer-index'),
    dryRun,
  }
  const progress = dryRun ? 'quiet' : (parsed.string('progress') ?? 'auto')
  const bytes = await createImage(context.engine, request, showPushing(progress, outputStream(2)))
  if (dryRun) writeOut(Buffer.concat([bytes, Buffer.from('\n')]))
}

/** The end of its line is an editor's. */
function readSource(path: string): string {
  let bytes: Buffer | undefined
  try {
    bytes = readSmallFile(path, MAX_FILE)
  } catch (error) {
    throw isSystemError(error) ? bad(`open ${path}: ${systemErrorReason(error)}`) : error
  }
  if (bytes === undefined) throw bad(`open ${path}: no such file or directory`)
  return bytes.toString('utf8').trimEnd()
}

const bad = (message: string): LighterError => new LighterError('usage', message)
