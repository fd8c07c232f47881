import { LighterError } from '../core/errors.ts'
import { inParallel } from '../core/parallel.ts'
import { parseJson } from '../fs/read.ts'
import type { HostPaths } from '../host/paths.ts'
import { fetchBlob, fetchManifest, selectorOf } from '../manifest/fetch.ts'
import {
  type DescriptorDocument,
  isImageManifest,
  isSchemaOne,
  type PlatformDocument,
  readPlatform,
} from '../oci/descriptor.ts'
import { MAX_CONFIG, parseManifest } from '../oci/image.ts'
import { normalise } from '../oci/platform.ts'
import type { Reference } from '../oci/reference.ts'
import { type OwnRepository, openOwnRepository } from '../registry/own-repository.ts'
import type { Part } from './combine.ts'
import type { Source, Wish } from './source.ts'
import { pullError, requestError } from './words.ts'

const PARALLEL = 5

/** A source that has been fetched, and where from. */
export interface ResolvedSource extends Part {
  reference: Reference
  repository: OwnRepository
}

/** Fetches the manifests of sources, each verified. Throws `bad-input`, `digest-mismatch`, `registry-…`. */
export const resolveSources = async (
  paths: HostPaths,
  sources: readonly Source[],
): Promise<ResolvedSource[]> =>
  await inParallel(sources, PARALLEL, async (source) => {
    const repository = await openSource(paths, source.reference)
    try {
      return await resolveSource(repository, source)
    } catch (error) {
      throw pullError(error, source.reference)
    }
  })

/** Finds how to read from a registry. Throws `registry-unreachable` in the words of buildx, `registry-denied`, `host-setup`. */
export async function openSource(paths: HostPaths, reference: Reference): Promise<OwnRepository> {
  try {
    return await openOwnRepository(reference, paths)
  } catch (error) {
    throw requestError(error)
  }
}

async function resolveSource(
  repository: OwnRepository,
  { reference, wish }: Source,
): Promise<ResolvedSource> {
  const selector = wish.digest ?? selectorOf(reference)
  const { bytes, mediaType, digest } = await fetchManifest(repository, selector)
  if (wish.size !== undefined && wish.size !== bytes.length) {
    throw new LighterError(
      'bad-input',
      `invalid size mismatch for ${digest}, ${wish.size} != ${bytes.length}`,
    )
  }
  const type = wish.mediaType || mediaType
  if (isSchemaOne(type)) {
    throw new LighterError('bad-input', 'schema1 manifests are not allowed in manifest lists')
  }
  const platform = isImageManifest(type)
    ? await findPlatform(repository, bytes, type, wish)
    : wish.platform
  const annotated = Object.keys(wish.annotations).length > 0
  const descriptor: DescriptorDocument = {
    mediaType: type,
    digest,
    size: bytes.length,
    ...(annotated ? { annotations: wish.annotations } : {}),
    ...(platform ? { platform } : {}),
  }
  return { reference, repository, descriptor, bytes }
}

/** What a user does not say of a platform is what the image's configuration says. */
async function findPlatform(
  repository: OwnRepository,
  bytes: Buffer,
  mediaType: string,
  { platform = readPlatform(undefined) }: Wish,
): Promise<PlatformDocument> {
  if (platform.os !== '' && platform.architecture !== '') return platform
  const manifest = parseManifest(bytes, mediaType)
  if (manifest.kind === 'index') return platform
  const config = readPlatform(parseJson(await fetchBlob(repository, manifest.config, MAX_CONFIG)))
  const own = normalise(config.os || 'linux', config.architecture, config.variant ?? '')
  const isMine = platform.architecture === ''
  const variant = platform.variant || (isMine ? own.variant : '')
  return readPlatform({
    ...platform,
    architecture: platform.architecture || own.architecture,
    os: platform.os || own.os,
    variant,
  })
}
