import { existsSync, renameSync } from 'node:fs'
import { type Digest, shortId } from '../../core/ids.ts'
import { moveToTrash } from '../../fs/trash.ts'
import { publishDraft } from '../../image/layer.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import { findLayerUser, type LayerUser } from '../../image/layer-users.ts'
import { removeRetired, retiredPlace } from '../../image/retired.ts'
import { exchangeTrees, removeTrees, syncLayers } from '../../runtime/userns.ts'
import { layerName, layerPath } from '../../store/layers.ts'
import type { Check } from './finding.ts'
import { unpackFresh } from './fresh-layer.ts'
import type { Layer, Problem } from './layer.ts'

export const MENDED = 'unpacked again from its blob'
export const REMOVED = 'removed: nobody needs it'

/** Puts a good tree into the place of a damaged one, or of none. Returns what was done, or why that cannot be. */
export async function repairLayer(
  check: Check,
  layer: Layer,
  problem: Problem,
  bad: ReadonlySet<Digest>,
  isWanted: () => boolean,
): Promise<string> {
  const { engine, namespace } = check
  const { data } = engine.paths
  const squashed = isSquashed(engine)
  const name = layerName(layer.diffId, squashed)
  const user = await findLayerUser(engine, name)
  if (user) return adviceAbout(user)
  const directory = layerPath(data, layer.diffId, squashed)
  if (!layer.wanted && !isWanted()) {
    await removeTrees(namespace, [moveToTrash(data, directory) ?? []].flat())
    return REMOVED
  }
  if (problem.draft === undefined) {
    const fresh = await unpackFresh(check, layer.diffId, layer.blobs, bad)
    if (typeof fresh === 'string') return `it cannot be unpacked again: ${fresh}`
    problem.draft = fresh.draft
  }
  const { draft } = problem
  delete problem.draft
  // What had no record went when it was unpacked again.
  if (!existsSync(directory)) {
    await publishDraft(engine, draft, layer.diffId)
    return MENDED
  }
  await replaceTree(check, layer, draft)
  return MENDED
}

function adviceAbout({ id, how }: LayerUser): string {
  if (how === 'is-made') return 'a container is just being made on it'
  const container = `stop the container ${shortId(id)}`
  return how === 'runs'
    ? `${container} that runs on it first`
    : `${container} first: it runs, and its record does not say on what`
}

/**
 * Exchanges two trees. At any instant in which this may be ended the other one has a name that says what it is: the new one that nobody
 * needs, or the old one that somebody may have mounted.
 */
async function replaceTree(check: Check, { diffId }: Layer, draft: string): Promise<void> {
  const { engine, namespace } = check
  const { data } = engine.paths
  const name = layerName(diffId, isSquashed(engine))
  const directory = layerPath(data, diffId, isSquashed(engine))
  const place = retiredPlace(data, name)
  renameSync(draft, place)
  try {
    await exchangeTrees(namespace, place, directory)
  } catch (error) {
    // Somebody removed it meanwhile, and needs it again or not: here is a good one.
    if (existsSync(directory)) {
      await removeTrees(namespace, [place])
      throw error
    }
    await publishDraft(engine, place, diffId)
    return
  }
  syncLayers(namespace, [directory])
  await removeRetired(engine, place, name)
}
