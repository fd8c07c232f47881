import { join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import type { Engine } from '../../engine.ts'
import { makeOpenDirectory } from '../../fs/replace.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import type { Plan } from '../../runtime/plan.ts'
import { layerName } from '../../store/layers.ts'
import { layerTree } from '../../store/shared.ts'
import type { FileOrigin } from '../files.ts'

/** How the trees of one step are put together. */
export type StepDriver = Pick<Plan['rootfs'], 'driver' | 'program'>

/** Throws `host-setup` where nothing can be put over something else: what a step changed could not be told. */
export async function findStepDriver(engine: Engine): Promise<StepDriver> {
  const { driver, program } = await engine.storage()
  if (driver === 'copy') {
    throw new LighterError(
      'host-setup',
      'A build needs overlay or fuse-overlayfs, not the storage driver copy',
    )
  }
  return { driver, ...(program === undefined ? {} : { program }) }
}

/** The directories of layers, the topmost first, each once; an empty one where there is none. */
export function lowerTrees(engine: Engine, layers: readonly Digest[], directory: string): string[] {
  const squashed = isSquashed(engine)
  const trees = layers.map((diffId) => layerTree(engine.stores, layerName(diffId, squashed)))
  if (trees.length > 0) return [...new Set(trees.reverse())]
  const empty = join(directory, 'empty')
  makeOpenDirectory(empty)
  return [empty]
}

/** A tree over an origin, with a new upper directory in `directory`. */
export function treeOver(
  engine: Engine,
  driver: StepDriver,
  origin: FileOrigin,
  directory: string,
): Plan['rootfs'] {
  makeOpenDirectory(directory)
  const upper = join(directory, 'upper')
  const work = join(directory, 'work')
  makeOpenDirectory(upper)
  makeOpenDirectory(work)
  const lower =
    'layers' in origin ? lowerTrees(engine, origin.layers, directory) : [origin.directory]
  return { ...driver, lower, upper, work }
}
