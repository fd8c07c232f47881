import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { shortId } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { makeOpenDirectory } from '../fs/replace.ts'
import { findProgram } from '../host/programs.ts'
import type { Plan, RootfsDriver } from '../runtime/plan.ts'
import { type ImageStores, layerTree, ownsStore } from '../store/shared.ts'
import type { ContainerRecord } from './record.ts'

/** The driver that the container was made with, whichever new ones get. */
export async function findDriver(
  engine: Engine,
  driver: RootfsDriver,
): Promise<Pick<Plan['rootfs'], 'driver' | 'program'>> {
  if (driver !== 'fuse-overlayfs') return { driver }
  const storage = await engine.storage()
  const program = storage.program ?? findProgram('fuse-overlayfs')
  if (program) return { driver, program }
  throw new LighterError('host-setup', 'fuse-overlayfs is not installed', {
    hint: "The container was made with it; 'lighter doctor' shows how to install it.",
  })
}

/**
 * The topmost first. Images may have a layer twice (an empty one, for instance), which an overlay refuses: all that the
 * lower copy shows, the upper one shows too. Throws `damaged-image` when a layer that was in a store of others is gone.
 */
export function lowerDirectories(
  { stores }: Engine,
  { id, layers }: Pick<ContainerRecord, 'id' | 'layers'>,
): string[] {
  const trees = layers.map((name) => {
    const tree = layerTree(stores, name)
    if (!existsSync(tree) && stores.shared.length > 0) throw layerGone(stores, name, id)
    return tree
  })
  return [...new Set(trees.reverse())]
}

function layerGone(stores: ImageStores, name: string, id: string): LighterError {
  const unreadable = stores.shared.find((store) => ownsStore(store) === undefined)
  const where = unreadable === undefined ? 'any more' : `and ${unreadable} cannot be read`
  return new LighterError(
    'damaged-image',
    `layer ${name.slice(0, 12)} of container ${shortId(id)} is in no image store ${where}`,
    { hint: 'Pull the image again, or make the store be there.' },
  )
}

/** An image without layers has an empty root directory. */
export function makeEmptyLayer(directory: string): string[] {
  const path = join(directory, 'empty')
  if (!existsSync(path)) makeOpenDirectory(path)
  return [path]
}
