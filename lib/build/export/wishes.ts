import type { Engine } from '../../engine.ts'
import type { Compression } from '../../image/layer-types.ts'
import type { Annotation } from '../../imagetools/annotations.ts'

/** How layers are to be wrapped. */
export interface LayerWishes {
  /** `any`: whatever is here, and plain where nothing is. */
  compression: Compression | 'any'
  /** Of the compression; its own usual one when absent. */
  level: number | undefined
  /** Also layers that are here in another wrapping. */
  force: boolean
}

/** What an output wants of the documents of an image. */
export interface ImageWishes extends LayerWishes {
  /** Media types of the OCI's family; else Docker's. */
  oci: boolean
  annotations: readonly Annotation[]
  /** `SOURCE_DATE_EPOCH`: nothing that the build made is said to be younger. */
  epoch: Date | undefined
  /** Nor is any file that it made: `rewrite-timestamp=true`. */
  rewriteTimestamp: boolean
  /** What is kept in the configuration for later builds, by platform; see `ConfigWishes`. */
  inlineCache: ((index: number) => string | undefined) | undefined
  /**
   * The bytes of an attestation for the image of this index, whose manifest has the digest; `undefined`: none is wanted. With attestations
   * there is an index, also for one platform.
   */
  attest: ((index: number, manifest: string) => Buffer) | undefined
}

/** What all outputs work with. */
export interface ExportContext {
  engine: Engine
  onStep: OnStep
  signal: AbortSignal
}

/** Tells what goes on, in the words of BuildKit; returns what to call when it is done. */
export type OnStep = (text: string) => () => void
