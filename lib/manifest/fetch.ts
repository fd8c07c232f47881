import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import { parseJson } from '../fs/read.ts'
import { isManifest } from '../oci/descriptor.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Reference } from '../oci/reference.ts'
import { type OwnRepository, openOwnRepository } from '../registry/own-repository.ts'
import type { RegistryPaths } from '../registry/session.ts'
import { digestOf } from '../store/blobs.ts'
import { pingError } from './words.ts'

export interface FetchedManifest {
  bytes: Buffer
  /** What the registry calls it; where that says nothing, what it calls itself. */
  mediaType: string
  digest: Digest
}

/** Fetches a manifest or an index by tag or digest. Throws `digest-mismatch`, `registry-…`. */
export async function fetchManifest(
  repository: OwnRepository,
  selector: string,
): Promise<FetchedManifest> {
  const { bytes, mediaType } = await repository.fetchManifest(selector)
  const digest = digestOf(bytes)
  if (isDigest(selector) && selector !== digest) {
    throw new LighterError(
      'digest-mismatch',
      `manifest verification failed for digest ${selector}: the registry sent ${digest}`,
    )
  }
  return { bytes, mediaType: isManifest(mediaType) ? mediaType : ownType(bytes, mediaType), digest }
}

function ownType(bytes: Buffer, fallback: string): string {
  const { mediaType } = (parseJson(bytes) ?? {}) as { mediaType?: unknown }
  return typeof mediaType === 'string' && mediaType !== '' ? mediaType : fallback
}

/** Fetches a small blob whole. Throws `digest-mismatch`, `registry-protocol` for one beyond the limit, `registry-…`. */
export async function fetchBlob(
  repository: OwnRepository,
  { digest, size }: Descriptor,
  limit: number,
): Promise<Buffer> {
  if (size > limit) {
    throw new LighterError('registry-protocol', `${digest} has more than ${limit} bytes`)
  }
  const { response } = await repository.openBlob(digest)
  // One more than it may have tells what is longer.
  const bytes = await response.bytes(size + 1).catch((error: unknown) => {
    if (error instanceof LighterError && error.code === 'registry-protocol') return undefined
    throw error
  })
  if (bytes && digestOf(bytes) === digest) return bytes
  throw new LighterError('digest-mismatch', `blob verification failed for digest ${digest}`)
}

/** Finds how to read from a registry. Throws `registry-unreachable` in the words of `manifest`, `registry-denied`, `host-setup`. */
export async function openRepository(
  paths: RegistryPaths,
  reference: Reference,
  insecure: boolean,
): Promise<OwnRepository> {
  try {
    return await openOwnRepository(reference, paths, insecure)
  } catch (error) {
    throw pingError(error)
  }
}

/** What a reference asks a registry for. */
export const selectorOf = ({
  tag,
  digest,
}: {
  tag: string | undefined
  digest: Digest | undefined
}) => digest ?? tag ?? 'latest'
