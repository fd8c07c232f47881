import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { makeDirectory } from './replace.ts'

/** A place in the trash that nothing has. */
export function trashPlace(data: string): string {
  makeDirectory(join(data, 'trash'))
  return join(data, 'trash', randomHex(16))
}

/**
 * Takes an object away; returns where it is now, `undefined` when it was gone. Renaming needs no free block on a full disk; from
 * there on the object is gone for everybody, and anybody may finish the job.
 */
export function moveToTrash(data: string, path: string): string | undefined {
  const target = trashPlace(data)
  try {
    renameSync(path, target)
    return target
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw error
  }
}
