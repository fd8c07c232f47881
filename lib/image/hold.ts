import { rmSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { makeDraft } from '../fs/drafts.ts'
import { ownIdentity } from '../host/process.ts'
import { pin } from './pin.ts'

/** What is kept from removals beside us, and may become more. */
export interface BlobHold extends Disposable {
  add(blobs: readonly Digest[], layers?: readonly Digest[]): void
}

/**
 * Keeps removals beside us away from blobs and layers until the hold is disposed of, or this process ends. A full disk must not keep
 * anybody from bringing images elsewhere: then nothing is held.
 */
export function openHold(data: string): BlobHold {
  const held = { blobs: new Set<Digest>(), layers: new Set<Digest>() }
  let draft: string | undefined
  const release = () => {
    process.off('exit', release)
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true })
    draft = undefined
  }
  // Whoever reads our output may have had enough, and ends us by it.
  process.on('exit', release)
  return {
    add: (blobs, layers = []) => {
      for (const blob of blobs) held.blobs.add(blob)
      for (const layer of layers) held.layers.add(layer)
      try {
        draft ??= makeDraft(data, ownIdentity())
        pin(draft, [...held.blobs], [...held.layers])
      } catch (error) {
        if (error instanceof LighterError && error.code === 'no-space') return
        release()
        throw error
      }
    },
    [Symbol.dispose]: release,
  }
}

/** Holds blobs and layers until the returned function is called. */
export function holdBlobs(
  data: string,
  blobs: readonly Digest[],
  layers: readonly Digest[],
): () => void {
  const hold = openHold(data)
  hold.add(blobs, layers)
  return () => hold[Symbol.dispose]()
}
