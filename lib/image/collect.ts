import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { type Digest, digestHex, isDigest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { bootId } from '../fs/boot-id.ts'
import { listDrafts, listNames, makeDraft } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive, ownIdentity } from '../host/process.ts'
import { parseManifest } from '../oci/image.ts'
import { removeTrees } from '../runtime/userns.ts'
import { peekBlob } from '../store/blobs.ts'
import { findInIndex, type ReferenceRecord, scanReferences } from '../store/references.ts'
import { listSources, listSteps } from '../store/steps.ts'
import { readImage } from './find.ts'
import { collectLeftovers } from './leftovers.ts'
import { layerStacks } from './users.ts'

const MAX_PINS = 64 * 1024 * 1024

interface Marked {
  blobs: Set<string>
  layers: Set<string>
}

/** One kind of thing that images are made of. */
interface Kind {
  id: 'layer' | 'blob'
  folder: string
  isUsed(marked: Marked, name: string): boolean
}

/** Names that are no digests are drafts of somebody who writes: not ours to judge. */
const KINDS: readonly Kind[] = [
  {
    id: 'layer',
    folder: 'layers',
    // A layer with squashed owners is kept as its real one is.
    isUsed: ({ layers }, name) =>
      layers.has(name) || layers.has(name.replace(/-squashed$/, '')) || !isLayerName(name),
  },
  {
    id: 'blob',
    folder: 'blobs/sha256',
    isUsed: ({ blobs }, name) => blobs.has(name) || !/^[0-9a-f]{64}$/.test(name),
  },
]

const isLayerName = (name: string): boolean => /^[0-9a-f]{64}(-squashed)?$/.test(name)

/** A blob or a layer that nothing refers to. */
export interface Garbage {
  id: Kind['id']
  name: string
  path: string
}

/** What a collection would remove; `undefined` when a record that cannot be read keeps everybody from knowing. */
export function listGarbage(engine: Engine): Garbage[] | undefined {
  const { data } = engine.paths
  const marked = mark(engine)
  return (
    marked &&
    KINDS.flatMap((kind) =>
      listNames(join(data, kind.folder))
        .filter((name) => !kind.isUsed(marked, name))
        .map((name) => ({ id: kind.id, name, path: join(data, kind.folder, name) })),
    )
  )
}

/**
 * Removes blobs and layers that nothing refers to, and what dead processes left. `isWanted`: what somebody may need all the same, by
 * its path.
 */
export async function collectGarbage(
  engine: Engine,
  isWanted: (path: string) => boolean = () => false,
): Promise<void> {
  const { data } = engine.paths
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  // Listed first: who makes something pins it before it has its name, and what is pinned by then is not even moved.
  const listed = KINDS.map((kind) => ({ kind, names: listNames(join(data, kind.folder)) }))
  const before = mark(engine)
  if (before) {
    const aside = makeAside(data)
    const trees = aside === undefined ? [] : [aside]
    for (const { kind, names } of listed) {
      for (const name of names) {
        if (kind.isUsed(before, name) || isWanted(join(data, kind.folder, name))) continue
        trees.push(...(aside === undefined ? strip(engine, kind, name) : []))
        if (aside !== undefined) discard(engine, kind, name, aside)
      }
    }
    await removeTrees(namespace, trees)
  }
  await collectLeftovers(engine)
}

/** Where discarded things wait; `undefined` on a disk so full that no directory can be made. */
function makeAside(data: string): string | undefined {
  try {
    return makeDraft(data, ownIdentity())
  } catch (error) {
    if (error instanceof LighterError && error.code === 'no-space') return undefined
    throw error
  }
}

/**
 * Takes a thing away first and looks again then: a pull that named it in between finds it missing or back, never
 * half there.
 */
function discard(engine: Engine, kind: Kind, name: string, aside: string): void {
  const from = join(engine.paths.data, kind.folder, name)
  // An uncompressed layer has one digest, and so one name, as blob and as tree.
  const to = join(aside, `${kind.id}-${name}`)
  try {
    renameSync(from, to)
    const now = mark(engine)
    if (!now || kind.isUsed(now, name)) renameSync(to, from)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EEXIST', 'ENOTEMPTY')) throw error
  }
}

/** On a full disk: what makes the thing whole goes first, so that nobody takes the rest for it. */
function strip(engine: Engine, kind: Kind, name: string): string[] {
  const now = mark(engine)
  if (!now || kind.isUsed(now, name)) return []
  const path = join(engine.paths.data, kind.folder, name)
  if (kind.id === 'blob') {
    rmSync(path, { force: true })
    return []
  }
  rmSync(join(path, 'layer.json'), { force: true })
  return [path]
}

/** What references, containers and running pulls need; `undefined` when one of them cannot be read: then all stays. */
function mark(engine: Engine): Marked | undefined {
  const { data } = engine.paths
  const blobs = new Set<string>()
  const stacks = layerStacks(engine)
  if (!stacks) return undefined
  const layers = new Set<string>(stacks.flat())
  const { records, torn } = scanReferences(data)
  const restored = readTorn(data, torn)
  if (!restored) return undefined
  for (const record of [...records, ...restored]) {
    const image = readImage(engine, record)
    if (!image) return undefined
    for (const digest of [
      image.id,
      image.manifest.digest,
      ...image.layers.map((layer) => layer.digest),
    ])
      blobs.add(digestHex(digest))
    // The index that the image was chosen from, where its name has that digest.
    addDigests(blobs, [record.reference.slice(record.reference.indexOf('@') + 1)])
    for (const diffId of image.config.diffIds) layers.add(digestHex(diffId))
  }
  // What builds keep for later ones.
  addDigests(
    layers,
    listSteps(data).map(({ diffId }) => diffId),
  )
  for (const source of listSources(data)) {
    addDigests(blobs, [...source.blobs])
    addDigests(layers, [...source.layers])
  }
  for (const { path, owner } of listDrafts(data)) {
    if (!isAlive({ ...owner, bootId: bootId() })) continue
    const pins = parseJson(readSmallFile(join(path, 'pins.json'), MAX_PINS)) as
      | { blobs?: unknown[]; layers?: unknown[] }
      | undefined
    addDigests(blobs, pins?.blobs)
    addDigests(layers, pins?.layers)
  }
  return { blobs, layers }
}

/**
 * What index.json says of names whose records say nothing, for a power cut tore them or a newer version wrote them; `undefined` when it
 * says nothing either: what such a name stands for may be all that looks unused.
 */
function readTorn(data: string, files: readonly string[]): ReferenceRecord[] | undefined {
  const records: ReferenceRecord[] = []
  for (const file of files) {
    const known = findInIndex(data, file)
    const bytes = known && peekBlob(data, known.descriptor.digest, known.descriptor.size)
    const imageId = bytes && configOf(bytes, known.descriptor.mediaType)
    if (!imageId) return undefined
    records.push({ ...known, imageId, createdAt: '' })
  }
  return records
}

function configOf(bytes: Buffer, mediaType: string): Digest | undefined {
  try {
    const manifest = parseManifest(bytes, mediaType)
    return manifest.kind === 'image' ? manifest.config.digest : undefined
  } catch (error) {
    if (error instanceof LighterError) return undefined
    throw error
  }
}

function addDigests(set: Set<string>, values: unknown[] | undefined): void {
  for (const value of values ?? []) {
    if (typeof value === 'string' && isDigest(value)) set.add(digestHex(value))
  }
}
