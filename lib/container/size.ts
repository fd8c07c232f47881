import { join } from 'node:path'
import { parseDigest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { measureTrees } from '../runtime/userns.ts'
import { type ImageStores, readLayerAnywhere } from '../store/shared.ts'
import type { Container } from './catalog.ts'

export interface ContainerSize {
  /** What the container wrote. */
  own: number
  /** With its image. */
  total: number
}

/** Sizes in the order of the containers. Reads every file's attributes: only for who asked for it. */
export async function measureContainers(
  engine: Engine,
  containers: readonly Container[],
): Promise<ContainerSize[]> {
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const uppers = containers.map(({ directory }) => join(directory, 'upper'))
  const sizes = await measureTrees(namespace, uppers)
  return containers.map(({ record }, index) => {
    const written = sizes[index] ?? 0
    const image = record.layers.reduce((sum, name) => sum + layerBytes(engine.stores, name), 0)
    // A copy has the image's files in it.
    const own = record.driver === 'copy' ? Math.max(0, written - image) : written
    return { own, total: own + image }
  })
}

/** A layer's directory is named after its digest. */
function layerBytes(stores: ImageStores, name: string): number {
  const [hex = '', suffix] = name.split('-')
  const diffId = parseDigest(`sha256:${hex}`)
  return readLayerAnywhere(stores, diffId, suffix !== undefined)?.bytes ?? 0
}
