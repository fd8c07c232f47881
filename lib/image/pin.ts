import { join } from 'node:path'
import type { Digest } from '../core/ids.ts'
import { replaceFile } from '../fs/replace.ts'

/** Tells removals beside us what is about to be named. */
export function pin(draft: string, blobs: readonly Digest[], layers: readonly Digest[]): void {
  const pins = { version: 1, blobs: [...new Set(blobs)], layers: [...new Set(layers)] }
  replaceFile(join(draft, 'pins.json'), JSON.stringify(pins))
}
