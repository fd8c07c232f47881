import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { isElsewhere } from '../oci/descriptor.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Repository } from '../registry/registry.ts'
import type { RegistryPaths } from '../registry/session.ts'

/**
 * The repository with those layers in it that its registry need not have, because their manifest says where else they are. What is
 * asked for first is the registry.
 */
export function withForeignLayers(
  repository: Repository,
  layers: readonly Descriptor[],
  paths: RegistryPaths,
): Repository {
  const places = new Map<Digest, readonly string[]>()
  for (const layer of layers) if (isElsewhere(layer)) places.set(layer.digest, layer.urls ?? [])
  if (places.size === 0) return repository
  const openBlob: Repository['openBlob'] = async (digest, offset, signal) => {
    try {
      return await repository.openBlob(digest, offset, signal)
    } catch (error) {
      const urls = places.get(digest)
      if (!urls || !(error instanceof LighterError && error.code === 'registry-not-found'))
        throw error
      const { openElsewhere } = await import('../registry/elsewhere.ts')
      const { place } = repository
      return { ...(await openElsewhere(paths, { digest, urls }, offset, signal)), place }
    }
  }
  return Object.create(repository, { openBlob: { value: openBlob } })
}
