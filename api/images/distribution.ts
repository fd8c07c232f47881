import { LighterError } from '../../lib/core/errors.ts'
import { parseJson } from '../../lib/fs/read.ts'
import { MAX_CONFIG, parseManifest } from '../../lib/oci/image.ts'
import { parseReference, withDefaultTag } from '../../lib/oci/reference.ts'
import { openRepository, type Repository } from '../../lib/registry/registry.ts'
import { digestOf } from '../../lib/store/blobs.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { credentialsIn } from './credentials.ts'
import { withRegistry } from './registry-work.ts'

type Json = Record<string, unknown>

/** `GET /distribution/{name}/json`: what a registry has under a name, without fetching it. */
export async function distribution(call: Call): Promise<void> {
  const { engine, headers, params, reply } = call
  const reference = withDefaultTag(parseReference(params.name ?? ''))
  const credentials = credentialsIn(headers, reference.registry, engine.paths)
  const { digest: wanted, tag = '' } = reference
  const document = await withRegistry(call, credentials, async ({ paths }) => {
    const repository = await openRepository(reference, paths)
    return await describe(repository, wanted ?? tag).catch(asDocker)
  })
  reply.json(document)
}

async function describe(repository: Repository, selector: string): Promise<Json> {
  const { bytes, mediaType: told } = await repository.fetchManifest(selector)
  const digest = digestOf(bytes)
  if (selector.includes(':') && selector !== digest) {
    throw new LighterError('digest-mismatch', `manifest verification failed for digest ${selector}`)
  }
  const manifest = parseManifest(bytes, told)
  const { mediaType } = manifest
  const platforms =
    manifest.kind === 'index'
      ? platformsIn(parseJson(bytes))
      : await platformOf(repository, manifest.config)
  return { Descriptor: { mediaType, digest, size: bytes.length }, Platforms: platforms }
}

function platformsIn(index: unknown): Json[] {
  const { manifests } = index as { manifests: { platform?: unknown }[] }
  return manifests.flatMap(({ platform }) => (isObject(platform) ? [pickPlatform(platform)] : []))
}

async function platformOf(
  repository: Repository,
  { digest, size }: { digest: Parameters<Repository['openBlob']>[0]; size: number },
): Promise<Json[]> {
  if (size > MAX_CONFIG) return []
  const { response } = await repository.openBlob(digest, 0)
  const bytes = await response.bytes(MAX_CONFIG)
  if (digestOf(bytes) !== digest) {
    throw new LighterError('digest-mismatch', `image config verification failed for ${digest}`)
  }
  const config = parseJson(bytes)
  return isObject(config) && config.os ? [pickPlatform(config)] : []
}

const MEMBERS = ['architecture', 'os', 'os.version', 'os.features', 'variant']

const pickPlatform = (document: Json): Json =>
  Object.fromEntries(MEMBERS.flatMap((name) => (document[name] ? [[name, document[name]]] : [])))

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** Docker's codes and words for what the registry says. */
function asDocker(error: unknown): never {
  if (!(error instanceof LighterError)) throw error
  if (error.code === 'registry-denied') throw new ApiError(401, error.message)
  throw new LighterError(error.code, error.message.replace(/^manifest for \S+ not found: /, ''))
}
