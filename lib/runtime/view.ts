import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomHex } from '../core/random.ts'
import { makeDirectory, spaceError } from '../fs/replace.ts'
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

/** Writes a view for one call of the native program, which removes the file. Returns the arguments. */
export function viewArguments(view: View): string[] {
  const folder = join(view.directory, 'exec')
  makeDirectory(folder)
  const path = join(folder, `${randomHex(8)}.json`)
  try {
    writeFileSync(path, JSON.stringify(view), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    rmSync(path, { force: true })
    throw spaceError(error, path)
  }
  return ['--view', path]
}
