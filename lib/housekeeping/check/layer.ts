import type { Digest } from '../../core/ids.ts'
import type { Descriptor } from '../../oci/image.ts'

/** A layer that is there, or should be. */
export interface Layer {
  diffId: Digest
  /** What it can be unpacked from: images may have it in several compressions. */
  blobs: Descriptor[]
  /** An image or a container stands on it. */
  wanted: boolean
  /** Something that cannot be read may say more of it. */
  uncertain: boolean
}

/** What is wrong with a layer. */
export interface Problem {
  text: string
  /** The layer's tree as it should be, without its name. */
  draft?: string
  /** It may be whole: nobody could tell. */
  unknown?: boolean
}
