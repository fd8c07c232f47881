import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { spaceError, syncDirectory } from '../fs/replace.ts'

export interface LayerRecord {
  diffId: string
  bytes: number
  entries: number
  squashed: boolean
}

/** Name of a layer's directory. Squashed owners are another tree, never mixed with the real ones. */
export const layerName = (diffId: Digest, squashed: boolean): string =>
  digestHex(diffId) + (squashed ? '-squashed' : '')

export const layerPath = (data: string, diffId: Digest, squashed: boolean): string =>
  join(data, 'layers', layerName(diffId, squashed))

/** The record is inside before the directory gets its name: where it is, the layer is whole. */
export const hasLayer = (data: string, diffId: Digest, squashed: boolean): boolean =>
  existsSync(join(layerPath(data, diffId, squashed), 'layer.json'))

export function readLayer(
  data: string,
  diffId: Digest,
  squashed: boolean,
): LayerRecord | undefined {
  const path = join(layerPath(data, diffId, squashed), 'layer.json')
  const value = parseJson(readSmallFile(path, 4096)) as (LayerRecord & { version: number }) | null
  return value?.version === 1 && Number.isSafeInteger(value.bytes) ? value : undefined
}

/** Writes the record of an unpacked tree, before it is synced and published. */
export function writeLayerRecord(draft: string, record: LayerRecord): void {
  const path = join(draft, 'layer.json')
  try {
    writeFileSync(path, `${JSON.stringify({ version: 1, ...record })}\n`, { mode: 0o600 })
  } catch (error) {
    throw spaceError(error, path)
  }
}

/** Gives an unpacked, synced tree its name; `false` when another process was first. */
export function publishLayer(
  data: string,
  draft: string,
  diffId: Digest,
  squashed: boolean,
): boolean {
  mkdirSync(join(data, 'layers'), { recursive: true, mode: 0o700 })
  try {
    renameSync(draft, layerPath(data, diffId, squashed))
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY')) return false
    throw spaceError(error, layerPath(data, diffId, squashed))
  }
  syncDirectory(join(data, 'layers'))
  return true
}
