import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory, spaceError } from '../fs/replace.ts'
import type { SpecProcess } from '../oci/runtime-spec.ts'

/** exec/<name>.json: a further process of a container. Read and unlinked by the native program. */
export interface ExecRequest {
  version: 1
  process: SpecProcess
  user: string
  detach: boolean
  stdin: boolean
}

/** Writes the request under its id where nobody else can read it and returns its path: an environment may hold secrets. */
export function writeExecRequest(directory: string, id: string, request: ExecRequest): string {
  const folder = join(directory, 'exec')
  makeDirectory(folder)
  const path = join(folder, `${id}.json`)
  try {
    writeFileSync(path, JSON.stringify(request), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    rmSync(path, { force: true })
    throw spaceError(error, path)
  }
  return path
}
