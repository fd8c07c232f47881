import type { Engine } from '../engine.ts'

/** Whether layers of this user have squashed owners: only the user's own id is mapped. */
export const isSquashed = (engine: Engine): boolean =>
  engine.idMap().uids.reduce((sum, [, , count]) => sum + count, 0) === 1
