import { LighterError } from '../core/errors.ts'

/** Documents of a registry that are kept until all is told: those of a hundred platforms have one megabyte. */
const MAX_KEPT = 32 * 1024 * 1024

/** Counts documents that are kept. Throws `registry-protocol` when they are too much for the memory of a command. */
export function makeBudget(name: string): (document: Uint8Array) => void {
  let kept = 0
  return ({ length }) => {
    kept += length
    if (kept <= MAX_KEPT) return
    throw new LighterError(
      'registry-protocol',
      `the manifests and configurations of ${name} have more than ${MAX_KEPT} bytes`,
    )
  }
}
