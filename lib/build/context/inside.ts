import { realpathSync } from 'node:fs'
import { isErrno } from '../../core/errors.ts'
import { readBeneath } from '../../fs/beneath.ts'
import { DirectoryView } from './directory-view.ts'
import { cleanSource, follow } from './view.ts'

/** A small file of a directory; links in its path count inside of it. `undefined`: there is none, or it is larger. */
export function readInside(directory: string, path: string, limit: number): Buffer | undefined {
  const root = realPath(directory)
  if (root === undefined) return undefined
  const { entry } = follow(new DirectoryView(root, undefined), cleanSource(path))
  return entry?.type === 'file' ? readBeneath(root, entry.path.split('/'), limit) : undefined
}

/** A path without links; `undefined` for one where nothing is. */
export function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return undefined
    throw error
  }
}
