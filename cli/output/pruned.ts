import type { Pruned } from '../../lib/container/prune.ts'
import { formatSize } from '../../lib/core/units.ts'
import type { Context } from '../context.ts'

/** The objects that a prune removed, under a head of their own; nothing where there were none. */
export function printDeleted(context: Context, title: string, deleted: readonly string[]): void {
  if (deleted.length > 0) context.print([title, ...deleted, ''].join('\n'))
}

/** The last line of every prune. */
export const printReclaimed = (context: Context, bytes: number): void =>
  context.print(`Total reclaimed space: ${formatSize(bytes, 4)}`)

/** What the prune of one kind of objects did. */
export function printPruned(context: Context, title: string, { deleted, reclaimed }: Pruned): void {
  printDeleted(context, title, deleted)
  printReclaimed(context, reclaimed)
}
