import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { makeDirectory } from './replace.ts'

/**
 * Takes an object away; returns where it is now, `undefined` when it was gone. Renaming needs no free block on a full disk; from
 * there on the object is gone for everybody, and anybody may finish the job.
 */
export function moveToTrash(data: string, path: string): string | undefined {
  const target = join(data, 'trash', randomHex(16))
  makeDirectory(join(data, 'trash'))
  try {
    renameSync(path, target)
    return target
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
