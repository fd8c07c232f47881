import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { bootId } from '../fs/boot-id.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile, spaceError } from '../fs/replace.ts'

export interface LayerRecord {
  diffId: string
  bytes: number
  entries: number
  squashed: boolean
  /** Until the file `synced` stands beside the record, its tree is trusted in this boot only: a power cut may have torn it. */
  bootId?: string
}

const MAX_RECORD = 4096

/** Name of a layer's directory. Squashed owners are another tree, never mixed with the real ones. */
export const layerName = (diffId: Digest, squashed: boolean): string =>
  digestHex(diffId) + (squashed ? '-squashed' : '')

export const layerPath = (data: string, diffId: Digest, squashed: boolean): string =>
  join(data, 'layers', layerName(diffId, squashed))

/** The record is inside before the directory gets its name: where a good one is, the layer is whole. */
export const hasLayer = (data: string, diffId: Digest, squashed: boolean): boolean =>
  readLayer(data, diffId, squashed) !== undefined

/** Reads the record of a layer; `undefined` when it is not this layer's, or its tree has gone. */
export function readLayer(
  data: string,
  diffId: Digest,
  squashed: boolean,
): LayerRecord | undefined {
  return readLayerIn(layerPath(data, diffId, squashed), diffId, squashed)
}

/** As `readLayer`, wherever the directory is. */
export function readLayerIn(
  directory: string,
  diffId: Digest,
  squashed: boolean,
): LayerRecord | undefined {
  const record = parseLayerRecord(readSmallFile(join(directory, 'layer.json'), MAX_RECORD))
  if (record?.diffId !== diffId || record.squashed !== squashed) return undefined
  const tree = statSync(join(directory, 'fs'), { throwIfNoEntry: false })
  return tree?.isDirectory() && isSettled(directory, record) ? record : undefined
}

const isSettled = (directory: string, { bootId: written }: LayerRecord): boolean =>
  written === undefined ||
  statSync(join(directory, 'synced'), { throwIfNoEntry: false }) !== undefined ||
  written === bootId()

function parseLayerRecord(bytes: Buffer | undefined): LayerRecord | undefined {
  const value = parseJson(bytes) as Partial<Record<string, unknown>> | null | undefined
  const { version, diffId, bytes: size, entries, squashed, bootId: written } = value ?? {}
  if (version !== 1 || typeof diffId !== 'string' || typeof squashed !== 'boolean') return undefined
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(entries)) return undefined
  const record = { diffId, bytes: Number(size), entries: Number(entries), squashed }
  return typeof written === 'string' ? { ...record, bootId: written } : record
}

/** Writes the record of a whole tree that is not synced yet, before both are published. */
export function writeLayerRecord(draft: string, record: Omit<LayerRecord, 'bootId'>): void {
  const text = `${JSON.stringify({ version: 1, ...record, bootId: bootId() })}\n`
  replaceFile(join(draft, 'layer.json'), text, false)
}

/** The digest that a layer's tree has when it is whole. `undefined`: nobody has asked for it yet. */
export function readTreeDigest(directory: string): string | undefined {
  const value = parseJson(readSmallFile(join(directory, 'tree.json'), MAX_RECORD))
  const { version, digest } = (value ?? {}) as { version?: unknown; digest?: unknown }
  return version === TREE_RULES && typeof digest === 'string' ? digest : undefined
}

/**
 * Remembers the digest of a layer's tree. It says what the layer's archive makes, not what stood on the disk: a power cut may tear
 * it, and then it is found out anew, but none can make it say something wrong. So it needs no sync.
 */
export function writeTreeDigest(directory: string, digest: string): void {
  const text = `${JSON.stringify({ version: TREE_RULES, digest })}\n`
  replaceFile(join(directory, 'tree.json'), text)
}

/** Changes with what `layer digest` of the native program takes into it. */
const TREE_RULES = 1

/**
 * Takes a damaged layer (no good record, no tree) out of the way into a draft of the caller's, so that it can be made
 * anew. Looked at again there: another process may have made it anew meanwhile.
 */
export function quarantineLayer(
  data: string,
  diffId: Digest,
  squashed: boolean,
  draft: string,
): void {
  const path = layerPath(data, diffId, squashed)
  const aside = join(draft, 'damaged')
  if (!statSync(path, { throwIfNoEntry: false }) || hasLayer(data, diffId, squashed)) return
  try {
    renameSync(path, aside)
    if (readLayerIn(aside, diffId, squashed)) renameSync(aside, path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EEXIST', 'ENOTEMPTY')) throw spaceError(error, path)
  }
}

/** Gives an unpacked tree its name; `false` when another process was first. */
export function publishLayer(
  data: string,
  draft: string,
  diffId: Digest,
  squashed: boolean,
): boolean {
  makeDirectory(join(data, 'layers'))
  try {
    renameSync(draft, layerPath(data, diffId, squashed))
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY')) return false
    throw spaceError(error, layerPath(data, diffId, squashed))
  }
  return true
}
