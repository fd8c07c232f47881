import { lstatSync } from 'node:fs'
import { relative } from 'node:path'
import { collectGarbage, listGarbage } from '../../image/collect.ts'
import { collectLeftovers, listLeftovers } from '../../image/leftovers.ts'
import { type Check, type Finding, guard } from './finding.ts'

/**
 * What nobody needs any more: work of dead processes, trash, old claims, and blobs and layers that nothing refers to. It harms nobody
 * but takes room.
 */
export async function checkLeftovers(check: Check): Promise<void> {
  const { engine } = check
  const about = { kind: 'leftover', id: 'unfinished work' } as const
  await guard(check, about, () => sweep(check, listWork(check), () => collectLeftovers(engine)))
  await guard(check, { kind: 'leftover', id: 'garbage' }, () =>
    sweep(check, listOldGarbage(check), () =>
      collectGarbage(engine, (path) => isYoung(check, path)),
    ),
  )
}

type Left = Pick<Finding, 'kind' | 'id' | 'problem'> & { path: string }

/** Tells what is left, and with `repair` removes it. */
async function sweep(
  check: Check,
  left: readonly Left[],
  remove: () => Promise<void>,
): Promise<void> {
  if (check.repair) await remove()
  for (const { path, ...finding } of left) {
    const removed = check.repair && !isThere(path)
    const advice = removed
      ? 'removed'
      : check.repair
        ? 'it may be in use: check again later'
        : '--repair removes it'
    check.report({ ...finding, outcome: removed ? 'removed' : 'leftover', advice })
  }
}

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

function listWork({ engine }: Check): Left[] {
  const { data } = engine.paths
  const problem = 'who made it is dead, or was told to remove it'
  return listLeftovers(engine).map((path) => ({
    ...{ kind: 'leftover', id: relative(data, path), problem, path },
  }))
}

const listOldGarbage = (check: Check): Left[] =>
  (listGarbage(check.engine) ?? [])
    .filter(({ path }) => !isYoung(check, path))
    .map(({ id: kind, name, path }) => ({
      ...{ kind, id: `sha256:${name}`, path },
      problem: 'no image, container or running command refers to it',
    }))

/** An interrupted pull goes on with what it has. */
function isYoung({ maxAge }: Check, path: string): boolean {
  const status = lstatSync(path, { throwIfNoEntry: false })
  return status !== undefined && Date.now() - status.mtimeMs < maxAge
}
