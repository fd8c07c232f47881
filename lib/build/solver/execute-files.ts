import { basename, join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import type { CopyItem, TreeOperation, TreeSource } from '../../runtime/tree.ts'
import type { FileOrigin, FileTree, Selected } from '../files.ts'
import type { FileAction, FilesOperation, StepResult } from '../graph.ts'
import { treesOf } from '../layer-trees.ts'
import { copyStep, type SealContext } from './seal.ts'

interface FilesContext extends SealContext {
  results: readonly StepResult[]
  treeOf(result: StepResult): Promise<FileTree>
}

/** Does what COPY, ADD and WORKDIR say, and makes a layer of it. */
export async function executeFiles(
  operation: FilesOperation,
  context: FilesContext,
): Promise<{ diffId: Digest; size: number; steady: boolean }> {
  const operations: TreeOperation[] = []
  for (const action of operation.actions)
    operations.push(...(await planAction(action, operation, context)))
  const sealed = await copyStep(context, operations).catch((error: unknown) => {
    throw explain(error)
  })
  return { ...sealed, steady: await isSteady(operation, context) }
}

/** Whether all that was copied is what the step's key was made of. */
async function isSteady(
  { actions }: FilesOperation,
  { results, treeOf }: FilesContext,
): Promise<boolean> {
  for (const action of actions) {
    const result = action.type === 'copy' ? results[action.input] : undefined
    if (action.type !== 'copy' || !result) continue
    if (!(await (await treeOf(result)).isUnchanged(action.selection))) return false
  }
  return true
}

const sourceOf = (engine: Engine, origin: FileOrigin): TreeSource =>
  'directory' in origin ? origin : { layers: treesOf(engine, origin.layers) }

async function planAction(
  action: FileAction,
  { epoch }: FilesOperation,
  { session, results, treeOf }: FilesContext,
): Promise<TreeOperation[]> {
  const time = epoch === undefined ? {} : { time: epoch }
  const owner = action.owner === undefined ? {} : { owner: action.owner }
  switch (action.type) {
    case 'mkdir':
      return [{ op: 'mkdir', path: action.path, mode: action.mode, ...owner, ...time }]
    case 'write': {
      const content = Buffer.from(action.content).toString('base64')
      const mode = parseMode(action.mode) ?? 0o644
      return [{ op: 'write', path: action.path, content, mode, ...owner, ...time }]
    }
    case 'copy': {
      const result = results[action.input]
      if (!result) return []
      const tree = await treeOf(result)
      const selected = await tree.select(action.selection)
      const mode = parseMode(action.mode)
      return [
        {
          op: 'copy',
          source: sourceOf(session.engine, tree.origin),
          items: selected.map((one) => itemOf(one, action)),
          ...owner,
          ...(mode === undefined ? {} : { mode }),
          ...time,
          unpack: action.unpack,
          keepExisting: action.selection.parents,
        },
      ]
    }
  }
}

/** Octal digits, or changes in symbols. */
function parseMode(mode: string | undefined): number | string | undefined {
  if (mode === undefined) return undefined
  return /^[0-7]+$/.test(mode) ? Number.parseInt(mode, 8) : mode
}

type CopyAction = Extract<FileAction, { type: 'copy' }>

/** What is copied is what a link leads to; its name is the link's. */
function itemOf(selected: Selected, { destination }: CopyAction): CopyItem {
  const { path, kept, isDirectory, entries } = selected
  if (kept !== '' && entries[0]?.path === path) return itemWithParents(selected, destination)
  const folder = kept === '' ? destination : join(destination, kept)
  const to = kept !== '' && !isDirectory ? `${join(folder, '..')}/` : folder
  const [first] = entries
  const from = first?.path ?? path
  const name = basename(path) === basename(from) ? {} : { name: basename(path) }
  if (!isDirectory) return { from, to, ...name }
  if (entries.length === 1 && first?.whole) return { from, to }
  const prefix = from === '' ? 0 : from.length + 1
  const only = entries.map((entry) => ({ path: entry.path.slice(prefix), whole: entry.whole }))
  return { from, to, only }
}

/** With `--parents` the directories above come along, as they are in the source. */
function itemWithParents({ path, kept, entries }: Selected, to: string): CopyItem {
  const from = path.slice(0, path.length - kept.length).replace(/\/$/, '')
  const start = from === '' ? 0 : from.length + 1
  const names = kept.split('/').slice(0, -1)
  const parents = names.map((_name, index) => names.slice(0, index + 1).join('/'))
  return {
    from,
    to: to.endsWith('/') ? to : `${to}/`,
    only: [
      ...parents.map((parent) => ({ path: parent, whole: false })),
      ...entries.map((entry) => ({ path: entry.path.slice(start), whole: entry.whole })),
    ],
  }
}

/** What is in the way, or in an archive, is the Dockerfile's matter. */
const explain = (error: unknown): unknown =>
  error instanceof LighterError && error.code === 'bad-input'
    ? new DockerfileError(error.message, undefined, { cause: error })
    : error
