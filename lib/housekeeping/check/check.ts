import type { Engine } from '../../engine.ts'
import { listNames } from '../../fs/drafts.ts'
import { isRetiredName } from '../../image/retired.ts'
import { type BadBlobs, checkBlobs, listBlobs } from './blobs.ts'
import { checkContainers } from './containers.ts'
import type { Check, CheckOptions, Finding, Outcome } from './finding.ts'
import { checkImages, listKnownImages } from './images.ts'
import { checkIndexes } from './indexes.ts'
import { checkLayers, namesOfLost } from './layers.ts'
import { checkLeftovers } from './leftovers.ts'
import { checkNetworks, checkVolumes } from './objects.ts'
import { checkReferences } from './references.ts'

const NO_BLOBS: BadBlobs = { wrong: new Set(), unreadable: new Set() }

/** What was looked at, and what was found. */
export interface CheckResult {
  images: number
  blobs: number
  layers: number
  containers: number
  outcomes: Record<Outcome, number>
}

/**
 * Looks whether all that is kept is whole, and with `repair` mends it: blobs by their digests, layers by what their blobs make, records
 * by the files that they speak of. Findings are told as they are made. May run beside any other command: nothing is locked, what is in
 * use is left alone, and what changes meanwhile is looked at again before it counts.
 */
export async function checkStore(
  engine: Engine,
  options: CheckOptions,
  report: (finding: Finding) => void,
): Promise<CheckResult> {
  const { data } = engine.paths
  const outcomes: Record<Outcome, number> = { damaged: 0, mended: 0, leftover: 0, removed: 0 }
  const check: Check = {
    ...options,
    engine,
    namespace: { program: engine.native().program, idMap: engine.idMap() },
    report(finding) {
      outcomes[finding.outcome] += 1
      report(finding)
    },
  }
  const result = {
    images: new Set(listKnownImages(check).map(({ id }) => id)).size,
    blobs: listBlobs(data).length,
    layers: listNames(`${data}/layers`).filter((name) => !isRetiredName(name)).length,
    containers: listNames(`${data}/containers`).length,
    outcomes,
  }
  await checkReferences(check)
  const bad = options.quick ? NO_BLOBS : await checkBlobs(check)
  const lost = await checkLayers(check, bad.wrong)
  await checkContainers(check, namesOfLost(check, lost))
  await checkImages(check, bad, lost)
  await checkIndexes(check)
  await checkNetworks(check)
  await checkVolumes(check)
  await checkLeftovers(check)
  return result
}
