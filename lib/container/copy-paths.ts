import { posix } from 'node:path'
import { LighterError } from '../core/errors.ts'

/** What is known of one end of a copy before it begins. */
export interface CopyEnd {
  path: string
  exists: boolean
  isDirectory: boolean
}

export interface CopyTarget {
  /** The directory that the archive is unpacked to. */
  directory: string
  /** What the source is called in it; `.`: its contents go there. */
  name: string
}

/** Whether a path says by its end that it means a directory. */
export const assertsDirectory = (path: string): boolean => path.endsWith('/') || meansContents(path)

/** `dir/.` means what is in it. */
export const meansContents = (path: string): boolean => posix.basename(path || '.') === '.'

/** Without `.`, `..` and double slashes, but with what its end says: `a/./b/.` becomes `a/b/.`. */
export function cleanPath(path: string): string {
  const clean = posix.normalize(path)
  const bare = clean.length > 1 ? clean.replace(/\/$/, '') : clean
  if (meansContents(path)) return bare === '.' ? bare : bare === '/' ? '/.' : `${bare}/.`
  return path.endsWith('/') && bare !== '/' ? `${bare}/` : bare
}

/** Absolute below `base`, as `cleanPath` leaves it. */
export const absolutePath = (base: string, path: string): string =>
  cleanPath(path.startsWith('/') ? path : `${base}/${path}`)

/** What a source is called where it arrives; `.` for contents, and for the root directory. */
export function sourceName(path: string): string {
  const clean = cleanPath(path)
  return meansContents(clean) || clean === '/' ? '.' : posix.basename(clean)
}

/**
 * Docker's rules for where a copy goes and what it is called there. Throws the sentences of Docker's client.
 * `name` is the source's, from `sourceName` of the path that the user wrote.
 */
export function decideTarget(
  source: { isDirectory: boolean; name: string },
  destination: CopyEnd,
): CopyTarget {
  const { path, exists, isDirectory } = destination
  if (exists && isDirectory) return { directory: path, name: source.name }
  if (exists && source.isDirectory) throw refusal('cannot copy directory')
  if (!exists && !source.isDirectory && assertsDirectory(path)) throw refusal('no such directory')
  const bare = path.replace(/\/\.?$/, '') || '/'
  return { directory: posix.dirname(bare), name: posix.basename(bare) }
}

export interface CopyArgument {
  container: string | undefined
  path: string
}

/** `CONTAINER:PATH`, or a path of the host: absolute, without a colon, or beginning with a dot. */
export function parseCopyArgument(text: string): CopyArgument {
  const at = text.indexOf(':')
  if (text.startsWith('/') || at < 0 || text.startsWith('.')) {
    return { container: undefined, path: text }
  }
  return { container: text.slice(0, at), path: text.slice(at + 1) }
}

export const refusal = (sentence: string): LighterError => new LighterError('usage', sentence)
