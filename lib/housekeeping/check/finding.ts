import { setTimeout as sleep } from 'node:timers/promises'
import { isSystemError, LighterError, systemErrorText } from '../../core/errors.ts'
import type { Engine } from '../../engine.ts'
import type { UserNamespace } from '../../runtime/userns.ts'

/** What a finding is about. */
export type FindingKind =
  | 'blob'
  | 'container'
  | 'image'
  | 'index'
  | 'layer'
  | 'leftover'
  | 'name'
  | 'network'
  | 'reference'
  | 'volume'

/**
 * What became of it. `damaged`: it is wrong, and still is. `mended`: it was wrong. `leftover`: garbage that does no harm, as a killed
 * command leaves it; `removed`: it was there.
 */
export type Outcome = 'damaged' | 'mended' | 'leftover' | 'removed'

export interface Finding {
  kind: FindingKind
  /** Which one, as other commands take it. */
  id: string
  outcome: Outcome
  problem: string
  /** What to do, or what was done. */
  advice: string
}

export interface CheckOptions {
  /** Mend what is wrong. */
  repair: boolean
  /** With `repair`: also remove what cannot be mended, with the containers that stand on it. */
  force: boolean
  /** Read records and lengths only, not every byte. */
  quick: boolean
  /** Milliseconds that what nothing refers to may be old: an interrupted pull goes on with it. */
  maxAge: number
}

/** What every part of a check is given. */
export interface Check extends CheckOptions {
  engine: Engine
  namespace: UserNamespace
  report(finding: Finding): void
}

/**
 * Looks at one thing. What cannot be read is a finding, and no reason to leave the rest unlooked at; nor is it one to remove anything.
 */
export async function guard(
  check: Check,
  { kind, id }: Pick<Finding, 'kind' | 'id'>,
  work: () => Promise<void>,
): Promise<void> {
  const problem = await attempt(work)
  if (typeof problem !== 'string') return
  const advice = 'make it readable and check again'
  check.report({
    kind,
    id,
    outcome: 'damaged',
    problem: `it cannot be checked: ${problem}`,
    advice,
  })
}

/** The result of something that reads, or why it cannot be read. */
export async function attempt<Result>(
  work: () => Result | Promise<Result>,
): Promise<Result | string> {
  try {
    return await work()
  } catch (error) {
    return reasonOf(error)
  }
}

/** Why something cannot be read; what is a fault of this program is thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof LighterError) return error.message
  if (isSystemError(error)) return systemErrorText(error)
  throw error
}

const LOOKS = 3
const PAUSE = 100

/**
 * Whether something is wrong for a while. Commands beside this one change one thing after the other: what is seen in between is not
 * damage.
 */
export async function persists(isWrong: () => boolean): Promise<boolean> {
  for (let look = 0; look < LOOKS; look++) {
    if (!isWrong()) return false
    await sleep(PAUSE)
  }
  return isWrong()
}

/** Runs `work` for each item, a few at a time: most of it waits for the disk or for a process of its own. */
export async function forEach<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all([worker(), worker()])
}
