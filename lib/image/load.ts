import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listDrafts, makeDraft } from '../fs/drafts.ts'
import { openInputFile } from '../fs/input-file.ts'
import { makeDirectory } from '../fs/replace.ts'
import { isAlive, ownIdentity } from '../host/process.ts'
import { formatPlatform, hostPlatform, parsePlatform } from '../oci/platform.ts'
import { familiarReference, parseReference } from '../oci/reference.ts'
import { removeTrees, syncLayers } from '../runtime/userns.ts'
import { ensureLayout, hasBlob, writeBlob } from '../store/blobs.ts'
import { hasLayer } from '../store/layers.ts'
import { listReferences, readReference, writeReference } from '../store/references.ts'
import { type ArchiveKind, checkArchiveTrust } from '../trust/check.ts'
import { type ArchiveFiles, badArchive, readArchive } from './archive-reader.ts'
import type { ArchivedImage, Wanted } from './archived.ts'
import { readDockerArchive } from './docker-archive.ts'
import { recordImageEvent } from './events.ts'
import { checkArchive, expandArchive } from './expand.ts'
import { type Image, readImage } from './find.ts'
import { publishDraft } from './layer.ts'
import { isSquashed } from './layer-kind.ts'
import { collectLeftovers } from './leftovers.ts'
import { publishBlob, syncFile, type Unpacked, unpackLayers } from './load-layers.ts'
import { setReference } from './name.ts'
import { readLayout } from './oci-archive.ts'
import { pin } from './pin.ts'
import type { OnProgress } from './progress.ts'

export interface LoadOptions {
  /** A file's path, or the archive itself. */
  input: string | Readable
  platform: string | undefined
  onProgress?: OnProgress
}

/** What a load has to tell, in this order. */
export type Loaded =
  | { type: 'renamed'; name: string; id: Digest }
  | { type: 'named'; name: string }
  | { type: 'nameless'; id: Digest }

/**
 * Brings in all images of an archive: Docker's, or an OCI layout, compressed or not. Until everything in it has been looked at, all
 * of it is a draft; names come last. Throws `bad-archive`, with Docker's words where it has some.
 */
export async function loadImages(engine: Engine, options: LoadOptions): Promise<Loaded[]> {
  const wanted = readWanted(options.platform)
  const { input: given } = options
  const input = typeof given === 'string' ? await openInputFile(given) : given
  const draft = makeDraft(engine.paths.data, ownIdentity())
  try {
    const files = await readFiles(input, draft)
    checkArchivePolicy(engine, files, typeof given === 'string' ? given : undefined)
    const images = pinImages(engine, draft, files, wanted)
    const loaded = await bringIn(engine, images, options.onProgress ?? (() => undefined))
    await clearUp(engine)
    return loaded
  } catch (error) {
    throw explain(error, given)
  } finally {
    input.destroy()
    rmSync(draft, { recursive: true, force: true })
  }
}

/** An archive of both kinds must be let in as both. */
function checkArchivePolicy(engine: Engine, files: ArchiveFiles, path: string | undefined): void {
  const kinds: ArchiveKind[] = [
    ...(isLayout(files) ? (['oci-archive'] as const) : []),
    ...(files.has('manifest.json') ? (['docker-archive'] as const) : []),
  ]
  checkArchiveTrust(engine.paths, kinds, path)
}

const isLayout = (files: ArchiveFiles): boolean =>
  files.has('oci-layout') && files.has('index.json')

const MEMBERS = 'members'

/** A load that was killed may have given names to parts, but not to their image yet. */
async function clearUp(engine: Engine): Promise<void> {
  const wasKilled = listDrafts(engine.paths.data).some(
    ({ path, owner }) =>
      !isAlive({ ...owner, bootId: bootId() }) && existsSync(join(path, MEMBERS)),
  )
  if (wasKilled) await (await import('./collect.ts')).collectGarbage(engine)
  else await collectLeftovers(engine)
}

/** Makes images that are pinned the store's own: nothing of them has a name in it before all of them are known to be good. */
async function bringIn(
  engine: Engine,
  images: readonly ArchivedImage[],
  report: OnProgress,
): Promise<Loaded[]> {
  const { data } = engine.paths
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const unpacked: Unpacked[] = []
  const published: string[] = []
  try {
    await unpackLayers(engine, images, report, (layer) => unpacked.push(layer))
    // The long part of it comes before anything is where others see it.
    for (const { layers } of images) for (const { file } of layers) syncFile(file.path)
    publishBlobs(data, images)
    for (let layer = unpacked.shift(); layer; layer = unpacked.shift()) {
      await publishDraft(engine, layer.draft, layer.diffId, (path) => published.push(path))
    }
    const loaded = images.flatMap((image) => nameImage(engine, image, published.length === 0))
    // What a removal beside us took before it saw the names is brought back.
    if (!hasBlobs(data, images)) publishBlobs(data, images)
    recordEvents(data, images)
    return loaded
  } finally {
    syncLayers(namespace, published)
    const drafts = unpacked.map(({ draft }) => draft)
    await removeTrees(namespace, drafts).catch(() => undefined)
  }
}

function readWanted(platform: string | undefined): Wanted {
  return platform
    ? { platform: parsePlatform(platform), explicit: true }
    : { platform: hostPlatform(), explicit: false }
}

async function readFiles(input: Readable, draft: string): Promise<ArchiveFiles> {
  const directory = join(draft, MEMBERS)
  makeDirectory(directory)
  return await readArchive(await checkArchive(await expandArchive(input)), directory)
}

/** The images of the archive, once removals beside us are told what they need. */
function pinImages(
  engine: Engine,
  draft: string,
  files: ArchiveFiles,
  wanted: Wanted,
): ArchivedImage[] {
  const images = findImages(engine, files, wanted, true)
  pinAll(engine, draft, images)
  const isThere = ({ id, layers }: ArchivedImage) => layers.length > 0 || findWhole(engine, id)
  if (images.every(isThere)) return images
  // One that the store had is gone by now: it comes from the archive then.
  const anew = findImages(engine, files, wanted, false)
  pinAll(engine, draft, anew)
  return anew
}

function findImages(
  engine: Engine,
  files: ArchiveFiles,
  wanted: Wanted,
  trustStore: boolean,
): ArchivedImage[] {
  const images = isLayout(files) ? readLayout(files, wanted) : []
  if (!isLayout(files) || files.has('manifest.json')) {
    const known = (id: Digest) => (trustStore ? findWhole(engine, id)?.manifest : undefined)
    readDockerArchive(files, wanted, images, known)
  }
  if (images.length > 0 || !wanted.explicit) return images
  throw new LighterError(
    'platform-mismatch',
    `the archive has no image for the platform ${formatPlatform(wanted.platform)}`,
  )
}

/** An image that the store has all of. */
function findWhole(engine: Engine, id: Digest): Image | undefined {
  const { data } = engine.paths
  for (const record of listReferences(data)) {
    const image = record.imageId === id ? readImage(engine, record) : undefined
    const isWhole =
      image?.layers.every(({ digest, size }) => hasBlob(data, digest, size)) &&
      image.config.diffIds.every((diffId) => hasLayer(data, diffId, isSquashed(engine)))
    if (isWhole) return image
  }
  return undefined
}

function pinAll(engine: Engine, draft: string, images: readonly ArchivedImage[]): void {
  const blobs = images.flatMap(({ id, descriptor, layers }) => {
    const stored = layers.length > 0 ? undefined : findWhole(engine, id)
    const parts = [...layers.map(({ blob }) => blob), ...(stored?.layers ?? [])]
    return [id, descriptor.digest, ...parts.map(({ digest }) => digest)]
  })
  pin(
    draft,
    blobs,
    images.flatMap(({ config }) => config.diffIds),
  )
}

const hasBlobs = (data: string, images: readonly ArchivedImage[]): boolean =>
  images.every(
    ({ documents, layers }) =>
      documents.every(({ digest, bytes }) => hasBlob(data, digest, bytes.length)) &&
      layers.every(({ blob }) => hasBlob(data, blob.digest, blob.size)),
  )

function publishBlobs(data: string, images: readonly ArchivedImage[]): void {
  ensureLayout(data)
  for (const { documents, layers } of images) {
    for (const { file } of layers) publishBlob(data, file)
    for (const { digest, bytes } of documents) writeBlob(data, digest, bytes)
  }
}

function nameImage(engine: Engine, image: ArchivedImage, durable: boolean): Loaded[] {
  const { data } = engine.paths
  const { id, descriptor } = image
  const named = image.names.flatMap((reference): Loaded[] => {
    const old = readReference(data, reference)
    // What came out of the store leaves a name of the same image with the manifest it has.
    const keeps = old?.imageId === id && image.layers.length === 0
    if (!keeps) setReference(engine, reference, { descriptor, imageId: id, pulledAs: [] }, durable)
    const name = familiarReference(parseReference(reference))
    const loses = old !== undefined && old.imageId !== id
    return [
      ...(loses ? [{ type: 'renamed' as const, name, id: old.imageId }] : []),
      { type: 'named', name },
    ]
  })
  if (named.length > 0) return named
  keepNameless(data, image, durable)
  return [{ type: 'nameless', id }]
}

function keepNameless(data: string, { id, descriptor }: ArchivedImage, durable: boolean): void {
  if (listReferences(data).some(({ imageId }) => imageId === id)) return
  const createdAt = new Date().toISOString()
  const record = { reference: `@${id}`, descriptor, imageId: id, pulledAs: [], createdAt }
  writeReference(data, record, durable)
}

function recordEvents(data: string, images: readonly ArchivedImage[]): void {
  for (const { id, config } of images) {
    recordImageEvent(data, 'load', { id, name: id, labels: config.defaults.labels })
  }
}

/** Everything that an archive has wrong comes in the stream of what a load says, not as an answer. */
function explain(error: unknown, input: string | Readable): unknown {
  if (isErrno(error, 'EISDIR')) return new LighterError('usage', `read ${input}: is a directory`)
  if (!(error instanceof LighterError)) return error
  const isArchives = ['bad-input', 'bad-reference', 'registry-protocol'].includes(error.code)
  return isArchives ? badArchive(error.message, error) : error
}
