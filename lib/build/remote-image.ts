import type { Digest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { withForeignLayers } from '../image/foreign-layers.ts'
import { ensureLayer } from '../image/layer.ts'
import { checkPlatform, resolveImage } from '../image/resolve.ts'
import type { Descriptor, ImageConfig } from '../oci/image.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import { openRepository, type Repository } from '../registry/registry.ts'
import { closeConnections } from '../registry/transport.ts'
import { writeSource } from '../store/steps.ts'
import { findPolicyFile } from '../trust/policy-file.ts'
import type { FoundImage } from './found-image.ts'
import type { BuildMaterial } from './result.ts'
import type { BuildSession } from './session.ts'

/**
 * The image that a registry has under a full name. Its layers stay there until somebody needs them. It gets no name here; the cache
 * keeps it. Throws `registry-…`, `untrusted`, `platform-mismatch`.
 */
export async function findRemote(
  session: BuildSession,
  full: string,
  platform: Platform,
): Promise<FoundImage> {
  const { engine, signal } = session
  session.atEnd(closeConnections)
  const reference = parseReference(full)
  const policy = findPolicyFile(engine.paths.config)
  const trust = policy ? await import('../trust/check.ts') : undefined
  trust?.checkName(engine.paths, reference, false)
  const repository = await openRepository(reference, engine.paths)
  const report = () => undefined
  const options = { platform, signal, report }
  const { image, config } = await resolveImage(engine, repository, reference, options)
  checkPlatform(config, platform, true, reference)
  const { digest } = image.descriptor
  await trust?.checkImage(engine.paths, { reference, digest }, { signed: false, remembered: false })
  const { layers } = image.manifest
  const ofLayers = layers.map((layer) => layer.digest)
  const blobs = [image.digest, digest, image.manifest.config.digest, ...ofLayers]
  session.hold(config.diffIds, blobs)
  addOrigins(session, withForeignLayers(repository, layers, engine.paths), layers, config)
  remember(session, { full, blobs, config, layers })
  session.materials.push(materialOf(full, image.digest, platform))
  const shown = full.includes('@') ? full : `${full}@${image.digest}`
  return { layers: config.diffIds, config, shown }
}

function addOrigins(
  session: BuildSession,
  repository: Repository,
  layers: readonly Descriptor[],
  { diffIds }: ImageConfig,
): void {
  const { engine } = session
  for (const [index, diffId] of diffIds.entries()) {
    const blob = layers[index]
    if (!blob) continue
    session.addOrigin(diffId, {
      blob,
      fetch: (signal, onFetch) =>
        ensureLayer(engine, repository, { blob, diffId }, signal, (event) => {
          if (event.type !== 'layer' || event.status !== 'Downloading') return
          onFetch?.(blob.digest, event.current ?? 0, event.total ?? blob.size)
        }),
    })
  }
}

interface Found {
  full: string
  blobs: readonly Digest[]
  config: ImageConfig
  layers: readonly Descriptor[]
}

function remember(session: BuildSession, { full, blobs, config, layers }: Found): void {
  const key = lazyCrypto().createHash('sha256').update(`${full} ${blobs[1]}`).digest('hex')
  writeSource(session.engine.paths.data, {
    key,
    reference: full,
    blobs,
    layers: config.diffIds,
    createdAt: new Date().toISOString(),
    size: layers.reduce((sum, { size }) => sum + size, 0),
  })
}

function materialOf(full: string, digest: Digest, platform: Platform): BuildMaterial {
  const { registry, repository, tag } = parseReference(full)
  const name =
    registry === 'docker.io' ? repository.replace(/^library\//, '') : `${registry}/${repository}`
  const query = `?platform=${encodeURIComponent(formatPlatform(platform))}`
  return {
    uri: `pkg:docker/${name}${tag ? `@${tag}` : ''}${query}`,
    digest: { sha256: digest.slice('sha256:'.length) },
  }
}
