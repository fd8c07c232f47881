import type { Digest } from '../../core/ids.ts'
import type { Descriptor } from '../../oci/image.ts'

/** A step of a build whose result others may take over. */
export interface CacheEntry {
  /** SHA-256 of the step, in hexadecimal: whoever comes to the same one may take its result. */
  key: string
  /** Keys of the steps that it is made from; those that are not among the entries are left out. */
  parents: readonly string[]
  /**
   * diffIds of the result's whole root filesystem, the lowest first (the bases' too); for what `COPY --link` made its own layer
   * alone. Empty: a step without a result of its own, which leads on to those after it.
   */
  layers: readonly Digest[]
  /** When the step was done. */
  createdAt: Date
}

/** A layer that a cache has: it is fetched when somebody asks for it. */
export interface LayerSource {
  diffId: Digest
  blob: Descriptor
  /** Makes the layer be in the store, its tree with it. Throws `registry-…`, `digest-mismatch`, `no-space`. */
  ensure(signal: AbortSignal): Promise<void>
}

/** The result of a step as a cache has it; layers as in `CacheEntry`. */
export interface CachedResult {
  layers: LayerSource[]
  createdAt: Date | undefined
}

/** A cache that `--cache-from` names, its list read. */
export interface ImportedCache {
  /** As progress calls it: `registry:127.0.0.1:5000/cache`. */
  name: string
  lookup(key: string): CachedResult | undefined
}
