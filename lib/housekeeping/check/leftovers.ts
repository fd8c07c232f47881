import { statSync } from 'node:fs'
import { relative } from 'node:path'
import { collectGarbage, type Garbage, listGarbage } from '../../image/collect.ts'
import { collectLeftovers, listLeftovers } from '../../image/leftovers.ts'
import { removeTrees } from '../../runtime/userns.ts'
import type { Check } from './finding.ts'
import { listRetired } from './layer-users.ts'

/**
 * What nobody needs any more: work of dead processes, trash, old claims, and blobs and layers that nothing refers to. It harms nobody
 * but takes room.
 */
export async function checkLeftovers(check: Check): Promise<void> {
  const { engine } = check
  const { data } = engine.paths
  const retired = listRetired(data)
  const left = [...listLeftovers(engine), ...retired]
  const garbage = oldGarbage(check)
  if (check.repair) {
    await removeTrees(check.namespace, retired)
    await collectLeftovers(engine)
    await collectGarbage(engine, (path) => isYoung(check, path))
  }
  const common = check.repair
    ? ({ outcome: 'removed', advice: 'removed' } as const)
    : ({ outcome: 'leftover', advice: '--repair removes it' } as const)
  for (const path of left) {
    const problem = 'who made it is dead, or was told to remove it'
    check.report({ kind: 'leftover', id: relative(data, path), problem, ...common })
  }
  for (const { id, name } of garbage) {
    const problem = 'no image, container or running command refers to it'
    check.report({ kind: id, id: `sha256:${name}`, problem, ...common })
  }
}

const oldGarbage = (check: Check): Garbage[] =>
  (listGarbage(check.engine) ?? []).filter(({ path }) => !isYoung(check, path))

/** An interrupted pull goes on with what it has. */
function isYoung({ maxAge }: Check, path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false })
  return status !== undefined && Date.now() - status.mtimeMs < maxAge
}
