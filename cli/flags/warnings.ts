import type { CreateRequest } from '../../lib/container/request.ts'
import type { Context } from '../context.ts'

/** Says what of the command line was left out, and what is dangerous. */
export function warnAboutLimits(
  context: Context,
  { connections, options }: CreateRequest,
  discarded: string[],
): void {
  const { oomKillDisable, memory } = options.resources ?? {}
  if (oomKillDisable && !memory) {
    context.warn(
      "WARNING: Disabling the OOM killer on containers without setting a '-m/--memory' limit may be dangerous.",
    )
  }
  const all = connections.warning ? [connections.warning, ...discarded] : discarded
  for (const warning of all) context.warn(`WARNING: ${warning}`)
}
