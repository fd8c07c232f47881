import type { Digest } from '../core/ids.ts'
import type { ImageConfig } from '../oci/image.ts'

/** An image that a stage begins with, once it is known which one. */
export interface FoundImage {
  layers: readonly Digest[]
  config: ImageConfig
  /** As steps call it. */
  shown: string
}
