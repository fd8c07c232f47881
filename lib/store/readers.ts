import { chmodSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isErrno } from '../core/errors.ts'

/** Who else may read: those of the group, and all others. */
const READERS = 0o044

/**
 * Makes a new file of the store as readable for others as the directory it is in. What this program makes is private; whoever opens
 * `refs` and `blobs` to others shares the images, also those that come later. Unpacked layers stay private: programs in them that run
 * as their owner would do so for everybody who can reach them.
 */
export function letReadersIn(path: string): void {
  try {
    const mode = statSync(path).mode & 0o7777
    const wanted = mode | (statSync(dirname(path)).mode & READERS)
    if (wanted !== mode) chmodSync(path, wanted)
  } catch (error) {
    // Another command has taken it away for a moment, or for good: whoever needs it looks again.
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

/** Whether others may read what is in a directory. */
export const hasReaders = (directory: string): boolean =>
  ((statSync(directory, { throwIfNoEntry: false })?.mode ?? 0) & READERS) !== 0
