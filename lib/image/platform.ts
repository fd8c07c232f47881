import { LighterError } from '../core/errors.ts'
import { formatPlatform, type Platform, parsePlatform, platformDistance } from '../oci/platform.ts'
import type { Image } from './find.ts'

/** Reads `--platform` of a command on an image that is here; nothing is wanted where it says nothing. Throws `bad-platform`. */
export function wantedPlatform(text: string | undefined): Platform | undefined {
  if (!text) return undefined
  try {
    return parsePlatform(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('bad-platform', `invalid platform: ${error.message}`, { cause: error })
  }
}

/** Throws `no-such-image` when the image called `text` is not for that platform: under this name there is one image here. */
export function checkImagePlatform(text: string, image: Image, wanted: Platform | undefined): void {
  const { platform } = image.config
  if (!wanted || platformDistance(wanted, platform) !== undefined) return
  throw new LighterError(
    'no-such-image',
    `image with reference ${text} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(platform)}`,
  )
}
