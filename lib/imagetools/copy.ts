import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { inParallel } from '../core/parallel.ts'
import { fetchManifest } from '../manifest/fetch.ts'
import { type Transfer, transferBlob } from '../manifest/transfer.ts'
import { isForeign, isIndex, isManifest } from '../oci/descriptor.ts'
import { type Descriptor, parseManifest } from '../oci/image.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import type { PushTarget } from '../registry/upload.ts'
import { listedIn } from './combine.ts'
import { pullError } from './words.ts'

const PARALLEL = 5
/** An index may list others; what has more than this is made to keep us busy. */
const MAX_MANIFESTS = 2000

/** One copy of a source with everything below it. */
interface Copy extends Transfer {
  repository: OwnRepository
  done: Set<Digest>
}

/**
 * Makes a manifest be in another repository with everything that it is made of, byte by byte: what a manifest refers to is there before
 * the manifest is. Throws `registry-…`, `digest-mismatch`.
 */
export async function copyManifest(
  repository: OwnRepository,
  target: PushTarget,
  sameRegistry: boolean,
  descriptor: Descriptor,
): Promise<void> {
  await copyOne(
    {
      repository,
      from: repository.reference,
      source: async () => repository,
      target,
      sameRegistry,
      done: new Set(),
    },
    descriptor,
  )
}

async function copyOne(copy: Copy, descriptor: Descriptor): Promise<void> {
  const { repository, target, done } = copy
  if (done.has(descriptor.digest)) return
  if (done.size >= MAX_MANIFESTS) {
    throw new LighterError(
      'registry-protocol',
      `${repository.reference.repository} lists more than ${MAX_MANIFESTS} manifests`,
    )
  }
  done.add(descriptor.digest)
  const { bytes, mediaType } = await fetchManifest(repository, descriptor.digest).catch(
    (error: unknown) => {
      throw pullError(error, { ...repository.reference, tag: undefined, digest: descriptor.digest })
    },
  )
  const type = isManifest(descriptor.mediaType) ? descriptor.mediaType : mediaType
  if (isIndex(type)) {
    const children = listedIn(bytes)
    for (const child of children.filter(({ mediaType }) => isManifest(mediaType))) {
      await copyOne(copy, child)
    }
    await copyBlobs(
      copy,
      children.filter(({ mediaType }) => !isManifest(mediaType)),
    )
  } else {
    const manifest = parseManifest(bytes, type)
    if (manifest.kind === 'image') await copyBlobs(copy, [manifest.config, ...manifest.layers])
  }
  await target.putManifest(descriptor.digest, type, bytes)
}

async function copyBlobs(copy: Copy, blobs: readonly Descriptor[]): Promise<void> {
  const own = new Map(blobs.filter((blob) => !isForeign(blob)).map((blob) => [blob.digest, blob]))
  await inParallel([...own.values()], PARALLEL, (blob) => transferBlob(copy, blob))
}
