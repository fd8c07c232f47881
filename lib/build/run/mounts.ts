import { byDepth } from '../../container/spec/mounts.ts'
import type { Engine } from '../../engine.ts'
import type { SpecMount } from '../../oci/runtime-spec.ts'
import type { StepSource } from '../../runtime/plan.ts'
import type { RunMount } from './request.ts'
import type { StepDriver } from './trees.ts'

/** What the mounts of a step come to. */
export interface StepMounts {
  /** For the bundle, in the order in which they are made. */
  mounts: SpecMount[]
  /** What the monitor makes for them first. */
  sources: StepSource[]
  /** The bytes of the secrets among the sources, in their order. */
  secrets: Buffer[]
  /** Closes what serves them. */
  close(): void
}

/** Most steps have none: then nothing is loaded for them. `directory`: the step's own. */
export async function prepareMounts(
  engine: Engine,
  driver: StepDriver,
  directory: string,
  wanted: readonly RunMount[],
): Promise<StepMounts> {
  if (wanted.length === 0) return { mounts: [], sources: [], secrets: [], close: () => undefined }
  const { MountMaker } = await import('./mount-maker.ts')
  const maker = new MountMaker(engine, driver, directory)
  try {
    for (const mount of wanted) await maker.add(mount)
  } catch (error) {
    maker.close()
    throw error
  }
  return {
    mounts: maker.mounts.sort(byDepth),
    sources: maker.sources,
    secrets: maker.secrets,
    close: () => maker.close(),
  }
}
