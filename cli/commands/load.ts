import { isatty } from 'node:tty'
import { LighterError } from '../../lib/core/errors.ts'
import { type Loaded, loadImages } from '../../lib/image/load.ts'
import type { Context } from '../context.ts'
import { showPull } from '../output/progress.ts'
import { outputStream } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `load`: a line per name, and per image that has none. Progress is for terminals. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const input = parsed.string('input') ?? ''
  if (input === '' && isatty(0)) {
    throw new LighterError('usage', 'requested load from stdin, but stdin is empty')
  }
  const shows = !parsed.bool('quiet') && isatty(1)
  const loaded = await loadImages(context.engine, {
    input: input === '' ? process.stdin : input,
    platform: parsed.string('platform'),
    ...(shows ? { onProgress: showPull(outputStream(1)) } : {}),
  })
  for (const each of loaded) context.print(describe(each))
  // As Docker's client, which ends an answer without a word.
  if (loaded.length === 0) context.print('')
  return 0
}

function describe(loaded: Loaded): string {
  if (loaded.type === 'named') return `Loaded image: ${loaded.name}`
  if (loaded.type === 'nameless') return `Loaded image ID: ${loaded.id}`
  return `The image ${loaded.name} already exists, renaming the old one with ID ${loaded.id} to empty string`
}
