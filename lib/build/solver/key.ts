import { lazyCrypto } from '../../core/lazy.ts'
import type { FileTree, Selection } from '../files.ts'
import type { FileAction, FilesOperation, RunOperation, Step, StepResult } from '../graph.ts'

/** Changes with what a key is made of, and with what steps make of it. */
const RULES = 1

/**
 * The key of a step's result: of what it says, of the layers below it, and of the content of the files that it reads. Equal keys
 * stand for results that may take each other's place. 64 hex digits.
 */
export async function stepKey(
  { operation }: Step,
  results: readonly StepResult[],
  treeOf: (result: StepResult) => Promise<FileTree>,
): Promise<string> {
  const base = results[0]
  const layers = base && 'layers' in base ? base.layers : []
  if (operation.type === 'run') return hashOf([layers, await runParts(operation, results, treeOf)])
  if (operation.type === 'files')
    return hashOf([layers, await filesParts(operation, results, treeOf)])
  return hashOf([layers, operation.type])
}

const hashOf = (parts: unknown): string =>
  lazyCrypto()
    .createHash('sha256')
    .update(JSON.stringify([RULES, parts]))
    .digest('hex')

type TreeOf = (result: StepResult) => Promise<FileTree>

async function runParts(
  { proxies: _notCounted, mounts, ...operation }: RunOperation,
  results: readonly StepResult[],
  treeOf: TreeOf,
): Promise<unknown> {
  const parts: unknown[] = []
  for (const mount of mounts) {
    const result = 'input' in mount && mount.input !== undefined ? results[mount.input] : undefined
    // What a cache is filled with at first is no reason to run anew what has filled it since.
    const files =
      result && mount.type === 'bind' ? await contentOf(await treeOf(result), mount.source) : ''
    parts.push([mount, files])
  }
  return [operation, parts]
}

const contentOf = (tree: FileTree, source: string): Promise<string> =>
  tree.digest(mountSelection(source))

/** What a mount takes of a tree. */
export const mountSelection = (source: string): Selection => ({
  patterns: [source],
  exclude: [],
  parents: false,
})

async function filesParts(
  { actions, epoch }: FilesOperation,
  results: readonly StepResult[],
  treeOf: TreeOf,
): Promise<unknown> {
  const parts: unknown[] = []
  for (const action of actions) parts.push(await actionParts(action, results, treeOf))
  return ['files', parts, epoch ?? null]
}

async function actionParts(
  action: FileAction,
  results: readonly StepResult[],
  treeOf: TreeOf,
): Promise<unknown> {
  if (action.type !== 'copy') return action
  const { input, label: _notCounted, ...definition } = action
  const result = results[input]
  return [definition, result ? await (await treeOf(result)).digest(action.selection) : '']
}
