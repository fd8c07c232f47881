import type { FileTree, Selection } from '../files.ts'
import type { Operation, Step } from '../graph.ts'
import { mountSelection } from './key.ts'
import type { StepVertex } from './reporter.ts'

/** Between two looks at how much was read, in milliseconds. */
const INTERVAL = 100

/** Which files steps take of contexts. They are read at once, so that progress can tell of it, and later steps need not wait. */
export class Transfers {
  readonly #selections = new Map<string, Selection[]>()

  /** Remembers what a step takes of its inputs. */
  note({ inputs, operation }: Step): void {
    for (const { input, selection } of selectionsOf(operation)) {
      const digest = inputs[input]?.digest ?? ''
      this.#selections.set(digest, [selection, ...(this.#selections.get(digest) ?? [])])
    }
  }

  /** Reads what steps take of a context, and tells of it as `label`. What cannot be read is told by the step that needs it. */
  async read(digest: string, tree: FileTree, label: string, vertex: StepVertex): Promise<void> {
    const started = new Date()
    const tell = (): void => vertex.reading(label, tree.bytesRead ?? 0, started)
    const timer = setInterval(tell, INTERVAL)
    try {
      const selections = this.#selections.get(digest) ?? []
      await Promise.allSettled(selections.map((selection) => tree.digest(selection)))
    } finally {
      clearInterval(timer)
    }
    vertex.read(label, tree.bytesRead ?? 0, started)
  }
}

function selectionsOf(operation: Operation): { input: number; selection: Selection }[] {
  if (operation.type === 'files')
    return operation.actions.flatMap((action) => (action.type === 'copy' ? [action] : []))
  if (operation.type !== 'run') return []
  return operation.mounts.flatMap((mount) =>
    mount.type === 'bind' ? [{ input: mount.input, selection: mountSelection(mount.source) }] : [],
  )
}
