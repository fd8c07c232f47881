import { LighterError } from '../../lib/core/errors.ts'
import { quote } from '../../lib/format/quote.ts'
import type { Context } from '../context.ts'
import { contextInUse, stopUsing } from '../contexts/in-use.ts'
import { DEFAULT, hasContext } from '../contexts/store.ts'
import { removeContext } from '../contexts/write.ts'
import type { Parsed } from '../parse.ts'

/** `context rm`: each that can be removed is, then what could not be is told. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const inUse = contextInUse(context)
  const failures: string[] = []
  for (const name of parsed.operands) {
    try {
      remove(context, name, { isInUse: name === inUse, force: parsed.bool('force') })
      context.print(name)
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      failures.push(error.message)
    }
  }
  for (const failure of failures) context.warn(failure)
  return failures.length > 0 ? 1 : 0
}

function remove(
  { engine: { paths } }: Context,
  name: string,
  { isInUse, force }: { isInUse: boolean; force: boolean },
): void {
  const refuse = (reason: string) => new LighterError('usage', reason)
  if (name === DEFAULT) throw refuse('default: context "default" cannot be removed')
  if (isInUse && !force) {
    throw refuse(`context ${quote(name)} is in use, set -f flag to force remove`)
  }
  if (isInUse) stopUsing(paths, name)
  if (!force && !hasContext(paths, name)) throw refuse(`context ${quote(name)} does not exist`)
  removeContext(paths, name)
}
