import { join } from 'node:path'
import { isSystemError, LighterError, systemErrorText } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import { lazyCrypto } from '../../core/lazy.ts'
import { packTree } from '../../runtime/tree.ts'
import { listSteps } from '../../store/steps.ts'
import type { Check } from './finding.ts'

/** Layers that steps of builds made: they have no blob, and their archives are made of nothing but their trees. */
export const layersOfSteps = ({ engine }: Check): Set<Digest> =>
  new Set(listSteps(engine.paths.data).map(({ diffId }) => diffId))

/** What is wrong with the tree of such a layer; `undefined`: it makes the archive that it made when the step was done. */
export async function findStepChange(
  { namespace }: Check,
  directory: string,
  diffId: Digest,
): Promise<string | undefined> {
  const hash = lazyCrypto().createHash('sha256')
  try {
    for await (const chunk of packTree(namespace, join(directory, 'fs')))
      hash.update(chunk as Buffer)
  } catch (error) {
    if (!(error instanceof LighterError) && !isSystemError(error)) throw error
    const reason = error instanceof LighterError ? error.message : systemErrorText(error)
    return `its tree cannot be read: ${reason}`
  }
  return `sha256:${hash.digest('hex')}` === diffId
    ? undefined
    : 'its tree is not what its step made'
}
