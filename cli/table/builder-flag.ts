import type { FlagSpec } from '../flags/spec.ts'

/** Which builder is to do it, for a group and all that is in it. */
export const builder: FlagSpec = {
  type: 'string',
  summary: 'Builder to use in place of the configured one',
}
