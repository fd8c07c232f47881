import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { errnoText } from './errno.ts'

/** Opens a file of the user's to be read from its beginning. Throws `usage`. */
export async function openInputFile(path: string): Promise<Readable> {
  const stream = createReadStream(path, { highWaterMark: 1024 * 1024 })
  await new Promise((resolve, reject) => {
    stream.once('open', resolve)
    stream.once('error', reject)
  }).catch((error: unknown) => {
    throw new LighterError('usage', `open ${path}: ${errnoText(error)}`, { cause: error })
  })
  return stream
}
