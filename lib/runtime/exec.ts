import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { spaceError } from '../fs/replace.ts'
import type { SpecProcess } from '../oci/runtime-spec.ts'

/** exec/<name>.json: a further process of a container. Read and unlinked by the native program. */
export interface ExecRequest {
  version: 1
  process: SpecProcess
  user: string
  detach: boolean
  stdin: boolean
  /** The exit code stays in exec/<name>.ended. */
  result?: true
}

/**
 * Writes the request under its id where nobody else can read it and returns its path: an environment may hold secrets. `undefined`
 * when the container's directory is gone, which is not made again.
 */
export const writeExecRequest = (
  directory: string,
  id: string,
  request: ExecRequest,
): string | undefined => writeExecFile(directory, `${id}.json`, JSON.stringify(request))

/** The same of any file about a further process. */
export function writeExecFile(directory: string, name: string, text: string): string | undefined {
  const folder = join(directory, 'exec')
  const path = join(folder, name)
  try {
    makeFolder(folder)
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    rmSync(path, { force: true })
    throw spaceError(error, path)
  }
  return path
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}
