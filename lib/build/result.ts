import type { Digest } from '../core/ids.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Platform } from '../oci/platform.ts'

/** What came out of the last stage for one platform. */
export interface BuiltImage {
  platform: Platform
  /** diffIDs, the lowest first; all unpacked in the store, with or without their blobs. */
  layers: readonly Digest[]
  /**
   * Blobs that layers of other people's images came from, by diffID, and how to have them here: they go into the new image as they are.
   * Other layers are packed from their trees.
   */
  origins: ReadonlyMap<Digest, LayerBlob>
  /** Files with the archives of layers that this build made, by diffID. Absent: none. */
  archives?: ReadonlyMap<Digest, string>
  /** The configuration without `rootfs`: as documents of images have it, with `history`, `config`, `created`, … */
  config: Readonly<Record<string, unknown>>
  /** How many of the layers and of the entries of `history` are the base image's: no output changes their times. Absent: none. */
  base?: { layers: number; history: number }
  /** What provenance tells. */
  materials: readonly BuildMaterial[]
}

/** A blob of somebody's image. */
export interface LayerBlob {
  blob: Descriptor
  /** Makes blob and tree be in the store. */
  fetch(signal: AbortSignal): Promise<void>
}

/** An input of a build, as SLSA's materials: `pkg:docker/…` or an address, with its digests. */
export interface BuildMaterial {
  uri: string
  digest: Readonly<Record<string, string>>
}

/** What an output made. */
export interface ExportedImage {
  /** Digest of the configuration: the id users see; `undefined` where only files were written. */
  imageId: Digest | undefined
  /** Of the manifest or the index. */
  digest: Digest | undefined
  /** Members of `--metadata-file`. */
  metadata: Readonly<Record<string, unknown>>
}
