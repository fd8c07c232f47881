import { join } from 'node:path'
import { cgroupParent, underSystemd } from '../host/cgroups.ts'
import type { Plan } from '../runtime/plan.ts'

/**
 * Below which cgroup the container's is made: of systemd a slice, else a directory of its own below the usual one. `own`: not another
 * runtime's to make.
 */
export function planCgroup(
  wanted: string | undefined,
  own: boolean,
): Pick<Plan, 'slice' | 'cgroupParent'> {
  const parent = own ? cgroupParent(process.getuid?.() ?? 0) : undefined
  if (wanted !== undefined && underSystemd()) return { slice: wanted }
  if (parent === undefined) return {}
  return { cgroupParent: wanted === undefined ? parent : join(parent, join('/', wanted)) }
}
