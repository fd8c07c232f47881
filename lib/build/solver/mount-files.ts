import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { copyIntoTree } from '../../runtime/tree.ts'
import type { FileOrigin, FileTree, Selected } from '../files.ts'
import type { MountOperation, StepResult } from '../graph.ts'
import type { BuildSession } from '../session.ts'
import { mountSelection } from './key.ts'

/** What a mount shows: a path in a tree. */
export interface MountFiles {
  origin: FileOrigin
  source: string
}

/** The files of a mount, which are here when it is made. Throws `changed-meanwhile`, `no-space`. */
export async function findMountFiles(
  session: BuildSession,
  result: StepResult | undefined,
  source: string,
): Promise<MountFiles> {
  if (!result) return { origin: { layers: [] }, source }
  if ('tree' in result) return await filesOf(session, result.tree, source)
  await session.need(result.layers)
  return { origin: { layers: result.layers }, source }
}

/** Whether all mounts had what the step's key was made of until the step had ended. */
export async function areMountsSteady(
  mounts: readonly MountOperation[],
  results: readonly StepResult[],
): Promise<boolean> {
  for (const mount of mounts) {
    const result = mount.type === 'bind' ? results[mount.input] : undefined
    if (mount.type !== 'bind' || !result || !('tree' in result)) continue
    if (!(await result.tree.isUnchanged(mountSelection(mount.source)))) return false
  }
  return true
}

async function filesOf(session: BuildSession, tree: FileTree, source: string): Promise<MountFiles> {
  const { origin } = tree
  if ('layers' in origin) return { origin, source }
  const [selected] = await tree.select(mountSelection(source))
  if (!selected || isWhole(selected)) return { origin, source }
  return await copyOf(session, origin, selected)
}

const isWhole = ({ isDirectory, entries }: Selected): boolean =>
  !isDirectory || (entries.length === 1 && entries[0]?.whole === true)

/** What an ignore file leaves out no command sees: it is no part of the step's key, and may be a secret. */
async function copyOf(
  session: BuildSession,
  origin: { directory: string },
  { path, entries }: Selected,
): Promise<MountFiles> {
  const { engine, signal } = session
  const upper = join(await session.makeDirectory(), 'context')
  await mkdir(upper, { mode: 0o755 })
  const from = entries[0]?.path ?? path
  const prefix = from === '' ? 0 : from.length + 1
  const only = entries.map((entry) => ({ path: entry.path.slice(prefix), whole: entry.whole }))
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const operation = { op: 'copy', source: origin, items: [{ from, to: `/${from}`, only }] } as const
  await copyIntoTree(namespace, { lower: [], upper, operations: [operation] }, signal)
  return { origin: { directory: upper }, source: from }
}
