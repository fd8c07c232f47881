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
    forget(release)
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true })
    draft = undefined
  }
  // Whoever reads our output may have had enough, and ends us by it.
  atExit(release)
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

/** What is released when this process ends: a service may hold for many at a time. */
const releases = new Set<() => void>()
const releaseAll = (): void => {
  for (const release of releases) release()
}

function atExit(release: () => void): void {
  if (releases.size === 0) process.on('exit', releaseAll)
  releases.add(release)
}

function forget(release: () => void): void {
  releases.delete(release)
  if (releases.size === 0) process.off('exit', releaseAll)
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
