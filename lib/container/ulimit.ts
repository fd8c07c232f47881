import type { Ulimit } from './options.ts'

const NAMES = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)

/** Whether the kernel has such a limit. */
export const isUlimitName = (name: string): boolean => NAMES.has(name)

/** What is wrong with a limit, in Docker's words. */
export function ulimitFault({ name, soft, hard }: Ulimit): string | undefined {
  if (!isUlimitName(name)) return `invalid ulimit type: ${name}`
  if (hard === -1 || (soft <= hard && soft !== -1)) return undefined
  return soft === -1
    ? `ulimit soft limit must be less than or equal to hard limit: soft: -1 (unlimited), hard: ${hard}`
    : `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`
}
