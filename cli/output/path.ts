import { type Stats, statSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { isErrno, LighterError } from '../../lib/core/errors.ts'
import { errnoText } from '../../lib/fs/errno.ts'

/** What Docker's client asks of a file it is to write: a directory to be in, and nothing special in its place. */
export function checkOutputPath(path: string, prefix = ''): void {
  const fail = (reason: string): LighterError =>
    new LighterError('usage', `${prefix}invalid output path: ${reason}`)
  const parent = dirname(normalize(path))
  if (!isThere(parent)) throw fail(`directory ${JSON.stringify(parent)} does not exist`)
  const kind = specialKind(path, prefix)
  if (kind) throw fail(`"${path}" must be a directory or a regular file: ${kind}`)
}

/** What cannot be looked at is left to whoever opens a file in it. */
function isThere(directory: string): boolean {
  try {
    statSync(directory)
    return true
  } catch (error) {
    return !isErrno(error, 'ENOENT')
  }
}

function lookAt(path: string, prefix: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw new LighterError('usage', `${prefix}stat ${path}: ${errnoText(error)}`, { cause: error })
  }
}

function specialKind(path: string, prefix: string): string | undefined {
  const stat = lookAt(path, prefix)
  if (stat?.isCharacterDevice() || stat?.isBlockDevice()) return 'got a device'
  if (stat?.isFIFO() || stat?.isSocket()) return 'got an irregular file'
  return undefined
}
