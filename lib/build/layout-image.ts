import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isErrno, LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { syncDirectory } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import { Digesting } from '../image/digesting.ts'
import { unpackGood } from '../image/layer.ts'
import {
  type Descriptor,
  MAX_CONFIG,
  MAX_MANIFEST,
  type Manifest,
  MEDIA_TYPES,
  parseImageConfig,
  parseManifest,
} from '../oci/image.ts'
import { type Platform, platformDistance } from '../oci/platform.ts'
import { blobPath, digestOf, ensureLayout, hasBlob } from '../store/blobs.ts'
import type { NamedContext } from './context/named-context.ts'
import type { BaseImage } from './frontend/conversion.ts'
import { makeStep } from './frontend/make-step.ts'
import type { BuildSession } from './session.ts'

const REF_NAME = 'org.opencontainers.image.ref.name'
/** An index may lead to another one. */
const MAX_DEPTH = 4

type LayoutContext = Extract<NamedContext, { type: 'layout' }>

/**
 * The image of an OCI layout on the host (`oci-layout://PATH`). Layers are copied when a step needs them; every byte is checked by its
 * digest. Throws `DockerfileError` for what the layout does not have.
 */
export async function findInLayout(
  session: BuildSession,
  context: LayoutContext,
  platform: Platform,
  nameOf: (full: string) => string,
): Promise<BaseImage> {
  const { path } = context
  const root = findRoot(context)
  const manifest = readImage(path, root, platform, MAX_DEPTH)
  const config = parseImageConfig(readDocument(path, manifest.config, MAX_CONFIG))
  const { diffIds } = config
  session.hold(diffIds)
  for (const [index, diffId] of diffIds.entries()) {
    const blob = manifest.layers[index]
    if (blob)
      session.addOrigin(diffId, { blob, fetch: () => copyLayer(session, path, blob, diffId) })
  }
  const step = makeStep(
    {
      name: nameOf(`oci-layout://${path}@${root.digest}`),
      location: undefined,
      inputs: [],
      operation: { type: 'image', layers: diffIds },
      fresh: false,
    },
    diffIds,
  )
  return { step, config, layers: diffIds }
}

/** The one that is meant: by its digest, by its tag, by `latest`, or the only one there is. */
function findRoot({ path, tag, digest }: LayoutContext): Descriptor {
  const bytes = readSmallFile(join(path, 'index.json'), MAX_MANIFEST)
  if (!bytes) throw new DockerfileError(`${path} is no OCI layout: it has no index.json`)
  const parsed = parseManifest(bytes, MEDIA_TYPES.ociIndex)
  if (parsed.kind !== 'index') throw new DockerfileError(`${path}/index.json is no index`)
  const { manifests } = parsed
  if (digest !== undefined) {
    const found = manifests.find((one) => one.digest === digest)
    if (found) return found
    throw new DockerfileError(`${path} has no image ${digest}`)
  }
  const named = namesIn(bytes)
  const wanted = tag ?? 'latest'
  const index = named.findIndex((name) => name === wanted || name?.endsWith(`:${wanted}`))
  const only = tag === undefined && manifests.length === 1 ? 0 : -1
  const found = manifests[index >= 0 ? index : only]
  if (found) return found
  throw new DockerfileError(`${path} has no image with the tag ${wanted}`)
}

function namesIn(bytes: Buffer): (string | undefined)[] {
  const { manifests } = parseJson(bytes) as {
    manifests: { annotations?: Record<string, unknown> }[]
  }
  return manifests.map(({ annotations }) => {
    const name = annotations?.[REF_NAME]
    return typeof name === 'string' ? name : undefined
  })
}

function readImage(
  path: string,
  descriptor: Descriptor,
  platform: Platform,
  depth: number,
): Extract<Manifest, { kind: 'image' }> {
  const manifest = parseManifest(readDocument(path, descriptor, MAX_MANIFEST), descriptor.mediaType)
  if (manifest.kind === 'image') return manifest
  if (depth === 0) throw new DockerfileError(`${path}: an index leads to ever more of them`)
  const offers = manifest.manifests.flatMap((one) => {
    const distance = one.platform ? platformDistance(platform, one.platform) : 0
    return distance === undefined ? [] : [{ one, distance }]
  })
  const [best] = offers.sort((a, b) => a.distance - b.distance)
  if (!best)
    throw new DockerfileError(`no match for platform in manifest ${descriptor.digest}: not found`)
  return readImage(path, best.one, platform, depth - 1)
}

const placeOf = (path: string, digest: Digest): string =>
  join(path, 'blobs/sha256', digestHex(digest))

function readDocument(path: string, { digest }: Descriptor, limit: number): Buffer {
  const bytes = readSmallFile(placeOf(path, digest), limit)
  if (bytes && digestOf(bytes) === digest) return bytes
  throw new DockerfileError(`${path} has no good blob ${digest}`)
}

async function copyLayer(
  { engine, signal }: BuildSession,
  path: string,
  blob: Descriptor,
  diffId: Digest,
): Promise<void> {
  const { data } = engine.paths
  if (!hasBlob(data, blob.digest, blob.size))
    await copyBlob(engine, placeOf(path, blob.digest), blob)
  if (await unpackGood(engine, { blob, diffId }, signal)) return
  throw new LighterError('no-space', `The blob of a layer was torn: ${blob.digest}`)
}

async function copyBlob(engine: Engine, source: string, { digest }: Descriptor): Promise<void> {
  const { data } = engine.paths
  const draft = makeDraft(data, ownIdentity())
  const copy = join(draft, 'blob')
  try {
    const digesting = new Digesting()
    await pipeline(createReadStream(source), digesting, createWriteStream(copy, { mode: 0o600 }))
    if (digesting.digest() !== digest)
      throw new LighterError('digest-mismatch', `${source} does not match its digest`)
    // It is a file: what is synced is what the descriptor is of.
    syncDirectory(copy)
    ensureLayout(data)
    renameSync(copy, blobPath(data, digest))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new DockerfileError(`the layout has no blob ${digest}`)
    throw error
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}
