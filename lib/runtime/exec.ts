import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomHex } from '../core/random.ts'
import type { SpecProcess } from '../oci/runtime-spec.ts'

/** exec/<name>.json: a further process of a container. Read and unlinked by the native program. */
export interface ExecRequest {
  version: 1
  process: SpecProcess
  user: string
  detach: boolean
  stdin: boolean
}

/** Writes the request where nobody else can read it and returns its path: an environment may hold secrets. */
export function writeExecRequest(directory: string, request: ExecRequest): string {
  const folder = join(directory, 'exec')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${randomHex(8)}.json`)
  writeFileSync(path, JSON.stringify(request), { mode: 0o600, flag: 'wx' })
  return path
}
