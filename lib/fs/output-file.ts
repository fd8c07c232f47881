import { closeSync, constants, lstatSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { randomBelow } from '../core/random.ts'
import { errnoText } from './errno.ts'
import { spaceError } from './replace.ts'

const MAX_NUMBER = 2 ** 32

/**
 * Has `write` fill a file of the user's, which appears when it is whole. Throws `usage` where it cannot be made, and what `write`
 * throws.
 */
export async function writeOutputFile(
  file: string,
  write: (fd: number) => Promise<void>,
): Promise<void> {
  // As Docker's client calls it, because its errors name it; nothing of the path is resolved.
  const place = dirname(`${file}_`).replace(/\/$/, '')
  const draft = `${place}/.docker_temp_${randomBelow(MAX_NUMBER)}`
  const fd = openDraft(draft)
  try {
    await write(fd)
    renameDraft(draft, file)
  } finally {
    closeSync(fd)
    rmSync(draft, { force: true })
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  } catch (error) {
    throw new LighterError('usage', `open ${draft}: ${errnoText(error)}`, { cause: error })
  }
}

/** Go renames nothing to where a directory is. */
function renameDraft(draft: string, file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LighterError('usage', `rename ${draft} ${file}: file exists`)
  }
  try {
    renameSync(draft, file)
  } catch (error) {
    throw spaceError(error, file)
  }
}
