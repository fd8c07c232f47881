import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { makeOpenDirectory } from '../fs/replace.ts'
import { findProgram } from '../host/programs.ts'
import type { Plan, RootfsDriver } from '../runtime/plan.ts'
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
 * lower copy shows, the upper one shows too.
 */
export const lowerDirectories = (data: string, { layers }: ContainerRecord): string[] => [
  ...new Set(layers.map((name) => join(data, 'layers', name, 'fs')).reverse()),
]

/** An image without layers has an empty root directory. */
export function makeEmptyLayer(directory: string): string[] {
  const path = join(directory, 'empty')
  if (!existsSync(path)) makeOpenDirectory(path)
  return [path]
}
