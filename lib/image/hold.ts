import { rmSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { makeDraft } from '../fs/drafts.ts'
import { ownIdentity } from '../host/process.ts'
import { pin } from './pin.ts'

/**
 * Keeps removals beside us away from blobs and layers until the returned function is called. A full disk must not keep anybody from
 * bringing images elsewhere: then nothing is held.
 */
export function holdBlobs(
  data: string,
  blobs: readonly Digest[],
  layers: readonly Digest[],
): () => void {
  let draft: string | undefined
  const release = () => {
    process.off('exit', release)
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true })
  }
  // Whoever reads our output may have had enough, and ends us by it.
  process.on('exit', release)
  try {
    draft = makeDraft(data, ownIdentity())
    pin(draft, blobs, layers)
  } catch (error) {
    release()
    if (!(error instanceof LighterError && error.code === 'no-space')) throw error
  }
  return release
}
