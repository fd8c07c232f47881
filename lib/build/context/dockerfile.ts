import { statSync } from 'node:fs'
import { basename, dirname, isAbsolute, posix, relative, resolve } from 'node:path'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { FileTree } from '../files.ts'
import { readInside, realPath } from './inside.ts'

/** A Dockerfile that was read. */
export interface FoundDockerfile {
  /** As messages call it. */
  name: string
  bytes: Buffer
  /** Its directory and its path below; `undefined`: it is none of the host's files. */
  place: { directory: string; path: string } | undefined
}

export const DOCKERFILE = 'Dockerfile'
/** More than anybody writes. */
export const MAX_DOCKERFILE = 16 * 1024 * 1024

/**
 * Reads the Dockerfile of a context that is a directory: `file`, relative to the working directory, or the context's own. Links lead
 * nowhere outside of the context, or, for one that is not in it, of its directory. Throws `DockerfileError`.
 */
export function readHostDockerfile(context: string, file: string | undefined): FoundDockerfile {
  const path = file === undefined ? resolve(context, DOCKERFILE) : resolve(file)
  const place = placeOf(context, path)
  for (const candidate of candidates(place.path, file === undefined)) {
    const bytes = explaining(() => readInside(place.directory, candidate, MAX_DOCKERFILE))
    const found = { ...place, path: candidate }
    if (bytes) return { name: basename(candidate), bytes, place: found }
  }
  throw unreadable(basename(path), statSync(path, { throwIfNoEntry: false })?.isDirectory())
}

function placeOf(context: string, path: string): { directory: string; path: string } {
  const parent = realPath(dirname(path)) ?? dirname(path)
  const inside = relative(context, resolve(parent, basename(path)))
  const isOutside = inside === '..' || inside.startsWith('../') || isAbsolute(inside)
  return isOutside
    ? { directory: parent, path: basename(path) }
    : { directory: context, path: inside }
}

/** Reads the Dockerfile of a context that is no directory of the host. Throws `DockerfileError`. */
export async function readTreeDockerfile(
  tree: FileTree,
  file: string | undefined,
): Promise<FoundDockerfile> {
  const path = file ?? DOCKERFILE
  for (const candidate of candidates(path, true)) {
    const bytes = await tree.readFile(candidate, MAX_DOCKERFILE)
    if (bytes) return { name: posix.basename(candidate), bytes, place: undefined }
  }
  throw unreadable(path, false)
}

/** The usual name may be written in small letters. */
const candidates = (path: string, mayBeSmall: boolean): string[] =>
  mayBeSmall && posix.basename(path) === DOCKERFILE
    ? [path, posix.join(posix.dirname(path), DOCKERFILE.toLowerCase())]
    : [path]

function explaining<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(`failed to read dockerfile: ${error.message}`, undefined, {
      cause: error,
    })
  }
}

function unreadable(name: string, isDirectory: boolean | undefined): DockerfileError {
  const what = isDirectory
    ? `read ${name}: is a directory`
    : `open ${name}: no such file or directory`
  return new DockerfileError(`failed to read dockerfile: ${what}`)
}
