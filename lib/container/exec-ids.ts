import { join } from 'node:path'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'

const SUFFIX = '.running'
const MAX_RECORD = 4096

/**
 * The ids of further processes that run in a container, found by looking: the record of one that ended may still be there
 * when its client was killed. `null` when there is none.
 */
export function runningExecs(directory: string): string[] | null {
  const folder = join(directory, 'exec')
  const ids = listNames(folder)
    .filter((name) => name.endsWith(SUFFIX) && isRunning(join(folder, name)))
    .map((name) => name.slice(0, -SUFFIX.length))
  return ids.length > 0 ? ids.sort() : null
}

function isRunning(path: string): boolean {
  const record = parseJson(readSmallFile(path, MAX_RECORD)) as Partial<ProcessIdentity> | undefined
  const { pid = 0, startTime = '', bootId = '' } = record ?? {}
  return isAlive({ pid, startTime, bootId })
}
