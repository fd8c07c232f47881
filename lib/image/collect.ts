import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { digestHex, isDigest } from '../core/ids.ts'
import { randomHex } from '../core/random.ts'
import type { Engine } from '../engine.ts'
import { listDrafts, listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { bootId, isAlive } from '../host/process.ts'
import { removeTrees } from '../runtime/userns.ts'
import { listReferences } from '../store/references.ts'
import { readImage } from './find.ts'
import { layersInUse } from './users.ts'

interface Marked {
  blobs: Set<string>
  layers: Set<string>
}

/** Removes blobs and layers that nothing refers to, and drafts of dead processes. */
export async function collectGarbage(engine: Engine): Promise<void> {
  const { data } = engine.paths
  const trash: string[] = []
  const before = mark(engine)
  if (before) {
    for (const name of listNames(join(data, 'layers')).filter(
      (name) => !keeps(before.layers, name),
    ))
      trash.push(...(await discard(engine, 'layers', name, (marked) => keeps(marked.layers, name))))
    for (const name of listNames(join(data, 'blobs', 'sha256')).filter(
      (name) => !before.blobs.has(name),
    ))
      trash.push(
        ...(await discard(engine, 'blobs/sha256', name, (marked) => marked.blobs.has(name))),
      )
  }
  for (const { path, owner } of listDrafts(data)) {
    if (!isAlive({ ...owner, bootId: bootId() })) trash.push(path)
  }
  await removeTrees({ program: engine.native().program, idMap: engine.idMap() }, trash)
}

/**
 * Takes a thing away first and looks again then: a pull that named it in between finds it missing or back, never
 * half there.
 */
async function discard(
  engine: Engine,
  folder: string,
  name: string,
  isUsed: (marked: Marked) => boolean,
): Promise<string[]> {
  const { data } = engine.paths
  mkdirSync(join(data, 'trash'), { recursive: true, mode: 0o700 })
  const from = join(data, folder, name)
  const to = join(data, 'trash', randomHex(8))
  try {
    renameSync(from, to)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
  const now = mark(engine)
  if (now && !isUsed(now)) return [to]
  try {
    renameSync(to, from)
    return []
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY')) return [to]
    throw error
  }
}

/** A layer with squashed owners is kept as its real one is. */
const keeps = (layers: Set<string>, name: string): boolean =>
  layers.has(name) || layers.has(name.replace(/-squashed$/, ''))

/** What references, containers and running pulls need; `undefined` when an image cannot be read: then all stays. */
function mark(engine: Engine): Marked | undefined {
  const { data } = engine.paths
  const blobs = new Set<string>()
  const layers = layersInUse(engine)
  for (const record of listReferences(data)) {
    const image = readImage(engine, record)
    if (!image) return undefined
    for (const digest of [
      image.id,
      image.manifest.digest,
      ...image.layers.map((layer) => layer.digest),
    ])
      blobs.add(digestHex(digest))
    for (const diffId of image.config.diffIds) layers.add(digestHex(diffId))
  }
  for (const { path, owner } of listDrafts(data)) {
    if (!isAlive({ ...owner, bootId: bootId() })) continue
    const pins = parseJson(readSmallFile(join(path, 'pins.json'), 1024 * 1024)) as
      | { blobs?: unknown[]; layers?: unknown[] }
      | undefined
    addDigests(blobs, pins?.blobs)
    addDigests(layers, pins?.layers)
  }
  return { blobs, layers }
}

function addDigests(set: Set<string>, values: unknown[] | undefined): void {
  for (const value of values ?? []) {
    if (typeof value === 'string' && isDigest(value)) set.add(digestHex(value))
  }
}
