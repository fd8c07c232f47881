import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { spaceError } from '../fs/replace.ts'
import type { Plan } from './plan.ts'
import type { IdMap, ProcessIdentity } from './protocol.ts'

/** A volume or bind of a container that does not run, as its files are to be seen. */
export interface ViewMount {
  source: string
  destination: string
  readOnly: boolean
  recursive: boolean
}

/** What the native program must know to look at a container's files; docs/native-protocol.md, "Views". */
export interface View {
  /** The container's directory. */
  directory: string
  idMap: IdMap
  rootfs: Plan['rootfs']
  /** Whether it was ever started: else what a start makes in its root filesystem is made first. */
  started: boolean
  /** Both present when it runs. */
  monitor?: ProcessIdentity
  process?: ProcessIdentity
  mounts: ViewMount[]
}

/**
 * Writes a view for one call of the native program, which removes the file. Returns the arguments. Throws `no-such-container` when the
 * container has been removed.
 */
export function viewArguments(view: View): string[] {
  const folder = join(view.directory, 'exec')
  const path = join(folder, `${randomHex(8)}.json`)
  try {
    makeFolder(folder)
    writeFileSync(path, JSON.stringify(view), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const gone = isErrno(error, 'ENOENT') && goneMeanwhile(view)
    if (gone) throw gone
    rmSync(path, { force: true })
    throw spaceError(error, path)
  }
  return ['--view', path]
}

/** Not more than that: a container that has been removed must not come back. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

/**
 * What was read through a view may lack files where the container has been removed meanwhile, whose files go one by one: returns the
 * failure of such a read, which otherwise looks like a whole one.
 */
export function goneMeanwhile({ directory }: View): LighterError | undefined {
  if (existsSync(directory)) return undefined
  return new LighterError('no-such-container', `No such container: ${basename(directory)}`)
}
