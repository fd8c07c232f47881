import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from 'node:fs'
import { dirname, posix, resolve } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { errnoText } from '../fs/errno.ts'
import { absolutePath, type CopyEnd, meansContents, refusal, sourceName } from './copy-paths.ts'

const MAX_LINKS = 40

/** Where a destination on the host is: links at its end are followed, its directory must exist. Throws Docker's sentences. */
export function findLocal(text: string): CopyEnd {
  let path = absolutePath(process.cwd(), text)
  for (let links = 0; links < MAX_LINKS; links++) {
    const stat = lookAt('lstat', path)
    if (!stat) {
      const parent = dirname(resolve(path))
      if (!named('stat', parent, () => statSync(parent)).isDirectory())
        throw refusal('not a directory')
      return { path, exists: false, isDirectory: false }
    }
    if (!stat.isSymbolicLink()) return { path, exists: true, isDirectory: stat.isDirectory() }
    path = posix.resolve(dirname(path), readlinkSync(path))
  }
  throw refusal(`lstat ${text}: too many levels of symbolic links`)
}

export interface LocalSource {
  path: string
  isDirectory: boolean
  name: string
}

/** What is to be copied from the host; `followLink`: what a link leads to, under the link's name. */
export function findLocalSource(text: string, followLink: boolean): LocalSource {
  const path = absolutePath(process.cwd(), text)
  const real = followLink ? named('lstat', path, () => realpathSync(path)) : path
  const end = meansContents(path) ? '/.' : path.endsWith('/') ? '/' : ''
  const source = followLink && real !== '/' ? `${real}${end}` : path
  const stat = named('lstat', source, () => lstatSync(source))
  return { path: source, isDirectory: stat.isDirectory(), name: sourceName(path) }
}

function lookAt(verb: string, path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined
    throw refusal(`${verb} ${path}: ${errnoText(error)}`)
  }
}

function named<Result>(verb: string, path: string, look: () => Result): Result {
  try {
    return look()
  } catch (error) {
    throw refusal(`${verb} ${path}: ${errnoText(error)}`)
  }
}
