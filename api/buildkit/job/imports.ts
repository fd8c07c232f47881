import type { CacheSpec } from '../../../lib/build/options.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { type Digest, isDigest } from '../../../lib/core/ids.ts'
import { GrpcError } from '../grpc/status.ts'
import { fetchContent } from '../session/content.ts'
import { makeInside } from './outputs.ts'
import type { BuildScene } from './scene.ts'

/** Caches to build from, where they are here: those in directories of the client's are copied first. */
export async function fetchCaches(
  scene: BuildScene,
  specs: readonly CacheSpec[],
): Promise<CacheSpec[]> {
  return await Promise.all(
    specs.map(async (spec, index) =>
      spec.type === 'local' ? await fetchCache(scene, spec, index) : spec,
    ),
  )
}

/** One that is not there is told of by the build, as any other. */
async function fetchCache(
  { session, directory, signal }: BuildScene,
  spec: CacheSpec,
  index: number,
): Promise<CacheSpec> {
  const { src = '', digest = '' } = spec.attributes
  const into = makeInside(directory, `cache-from-${index}`)
  if (isDigest(digest)) {
    try {
      const store = { session, id: `local:${src}`, signal }
      await fetchContent(store, digest as Digest, into)
    } catch (error) {
      if (!(error instanceof GrpcError || error instanceof LighterError)) throw error
      signal.throwIfAborted()
    }
  }
  return { ...spec, attributes: { ...spec.attributes, src: into } }
}
