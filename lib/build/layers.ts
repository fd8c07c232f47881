import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, parseDigest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { spaceError } from '../fs/replace.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { type SealedTree, sealTree } from '../runtime/tree.ts'
import type { UserNamespace } from '../runtime/userns.ts'
import { layerPath, publishLayer, writeLayerRecord } from '../store/layers.ts'
import { treesOf } from './layer-trees.ts'

export interface SealLayerOptions {
  /** Mount points of the step. */
  placeholders: readonly string[]
  /** Seconds since 1970 that files may not be newer than. */
  epoch: number | undefined
  /** A file that gets the archive too; not synced. */
  archive?: string | undefined
  /** Told the digest before the layer has its name. */
  onDigest(diffId: Digest): void
  signal: AbortSignal
}

/**
 * Makes a layer of the store of what a step wrote into `directory/upper`, on layers that are there; another process may have made the
 * same one. Returns its diffID and the bytes of its files.
 */
export async function sealLayer(
  engine: Engine,
  directory: string,
  lower: readonly Digest[],
  { onDigest, ...options }: SealLayerOptions,
): Promise<{ diffId: Digest; bytes: number }> {
  const upper = join(directory, 'upper')
  const sealed = await sealTree(namespaceOf(engine), upper, treesOf(engine, lower), options)
  return await keepSealed(engine, directory, sealed, onDigest)
}

/** Makes a layer of the store of `directory/upper`, which is sealed; see `sealLayer`. */
export async function keepSealed(
  engine: Engine,
  directory: string,
  sealed: SealedTree,
  onDigest: SealLayerOptions['onDigest'],
): Promise<{ diffId: Digest; bytes: number }> {
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  const upper = join(directory, 'upper')
  const diffId = parseDigest(sealed.diffId)
  onDigest(diffId)
  if (existsSync(layerPath(data, diffId, squashed)))
    await (await import('../image/layer.ts')).clearDamaged(engine, diffId)
  const layer = join(directory, 'layer')
  try {
    mkdirSync(layer, { mode: 0o700 })
    renameSync(upper, join(layer, 'fs'))
    writeLayerRecord(layer, { diffId, bytes: sealed.bytes, entries: sealed.entries, squashed })
    publishLayer(data, layer, diffId, squashed)
  } catch (error) {
    throw spaceError(error, layer)
  }
  return { diffId, bytes: sealed.bytes }
}

const namespaceOf = (engine: Engine): UserNamespace => ({
  program: engine.native().program,
  idMap: engine.idMap(),
})
