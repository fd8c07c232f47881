import { posix } from 'node:path'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { readInside } from './inside.ts'
import { PatternMatcher } from './matcher.ts'

/** An ignore file as it was found. */
export interface IgnoreFile {
  /** As messages call it. */
  name: string
  patterns: readonly string[]
  /** In bytes. */
  size: number
}

const MAX_FILE = 1024 * 1024
export const IGNORE_FILE = '.dockerignore'

/** What the lines of an ignore file say: comments and empty lines gone, paths clean and relative. */
export function parseIgnoreFile(text: string): string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (line.startsWith('!') ? `!${cleanPath(line.slice(1).trim())}` : cleanPath(line)))
}

/** As Go's `filepath.Clean`; a path of the root is one of the context. */
function cleanPath(path: string): string {
  if (path === '') return path
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1')
  return clean.length > 1 && clean.startsWith('/') ? clean.slice(1) : clean
}

/** Throws `DockerfileError` in BuildKit's words. */
export function ignoreMatcher(patterns: readonly string[]): PatternMatcher {
  try {
    return new PatternMatcher(patterns)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    const message = `invalid excludepatterns: [${patterns.join(' ')}]: ${error.message}`
    throw new DockerfileError(message, undefined, { cause: error })
  }
}

/**
 * The ignore file of a build: the one beside its Dockerfile, `NAME.dockerignore`, else the context's. `dockerfile`: the directory it is in,
 * and its path below. Links in them count inside of these directories. Throws `DockerfileError` for one that cannot be read: files that
 * it leaves out must not get into an image.
 */
export function readIgnoreFile(
  context: string,
  dockerfile: { directory: string; path: string } | undefined,
): IgnoreFile | undefined {
  if (dockerfile) {
    const path = `${dockerfile.path}${IGNORE_FILE}`
    const own = readIgnore(dockerfile.directory, path)
    if (own) return own
  }
  return readIgnore(context, IGNORE_FILE)
}

function readIgnore(directory: string, path: string): IgnoreFile | undefined {
  const bytes = readInside(directory, path, MAX_FILE)
  return (
    bytes && {
      name: path,
      patterns: parseIgnoreFile(bytes.toString('utf8')),
      size: bytes.length,
    }
  )
}
