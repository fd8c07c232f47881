import { closeSync, constants, openSync, realpathSync } from 'node:fs'
import { isErrno } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { readBeneath } from '../../fs/beneath.ts'
import { errnoText } from '../../fs/errno.ts'
import { DirectoryView } from './directory-view.ts'
import { cleanSource, follow } from './view.ts'

/**
 * A small file of a directory; links in its path count inside of it. `undefined`: there is none. Throws `DockerfileError` for one that is
 * there and cannot be read, or is larger: it must not count as one that nobody wrote.
 */
export function readInside(directory: string, path: string, limit: number): Buffer | undefined {
  const root = realPath(directory)
  if (root === undefined) return undefined
  const { entry } = follow(new DirectoryView(root, undefined), cleanSource(path))
  if (entry?.type !== 'file') return undefined
  const bytes = readBeneath(root, entry.path.split('/'), limit)
  if (bytes) return bytes
  throw new DockerfileError(whyUnread(`${root}/${entry.path}`, path, limit))
}

function whyUnread(hostPath: string, path: string, limit: number): string {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    closeSync(openSync(hostPath, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))
  } catch (error) {
    return `open ${path}: ${errnoText(error)}`
  }
  return `read ${path}: it is larger than ${limit} bytes`
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
