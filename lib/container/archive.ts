import { constants } from 'node:fs'
import { posix } from 'node:path'
import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { expandForeign } from '../image/expand.ts'
import { type FileStatus, openArchive, unpackArchive } from '../runtime/files.ts'
import {
  type CopyContainer,
  checkWritable,
  insideEnd,
  linkTarget,
  notFound,
  statInside,
  whileItChanges,
} from './copy.ts'
import { absolutePath, meansContents } from './copy-paths.ts'
import { recordContainerEvent } from './events.ts'

/** What is at a path of a container. */
export interface PathStatus extends FileStatus {
  name: string
  /** Where a symbolic link leads to in the end, an absolute path of the container; empty for all else. */
  linkTarget: string
}

/** As many links as the kernel follows. */
const MAX_LINKS = 40

/** Looks at a path, whose last component is not followed. Throws `no-such-container` in Docker's words where nothing is there. */
export async function statPath(
  engine: Engine,
  container: CopyContainer,
  path: string,
): Promise<PathStatus> {
  const at = pathInside(path)
  const status = await statInside(engine, container, at)
  if (!status) throw notFound(container, path)
  const target = isLink(status) ? await followLink(engine, container, at, status) : ''
  return { ...status, name: posix.basename(at) || '/', linkTarget: target }
}

const isLink = ({ mode }: FileStatus): boolean => (mode & constants.S_IFMT) === constants.S_IFLNK

async function followLink(
  engine: Engine,
  container: CopyContainer,
  link: string,
  first: FileStatus,
): Promise<string> {
  let at = link
  let status: FileStatus | undefined = first
  for (let links = 0; links < MAX_LINKS && status && isLink(status); links++) {
    at = linkTarget(at, status.target)
    status = await statInside(engine, container, at).catch(() => undefined)
  }
  return at
}

/** Opens an archive of a file or tree. Throws what kept it from beginning. */
export async function readPath(
  engine: Engine,
  container: CopyContainer,
  path: string,
  signal: AbortSignal,
): Promise<Readable> {
  const source = pathInside(path)
  const name = source === '/' ? '/' : posix.basename(source)
  const archive = await whileItChanges(async () =>
    openArchive(
      await insideEnd(engine, container, source),
      meansContents(source) ? '.' : name,
      signal,
    ),
  )
  recordContainerEvent(engine.paths.data, container.record, 'archive-path')
  return archive
}

export interface ExtractOptions {
  /** A directory takes the place of another object, and the other way round; else that is refused. */
  overwrite: boolean
  /** The files get the owner of the container's processes; else the one that the archive says. */
  ownedByUser: boolean
  signal: AbortSignal
}

/** Unpacks an archive, plain or compressed with gzip, zstd, bzip2 or xz, into a directory of a container. */
export async function extractArchive(
  engine: Engine,
  container: CopyContainer,
  path: string,
  archive: Readable,
  { overwrite, ownedByUser, signal }: ExtractOptions,
): Promise<void> {
  const directory = pathInside(path).replace(/(?<=.)\/\.?$/, '')
  const { user } = container.record.config
  const owner = ownedByUser && user !== '' ? { owner: user } : {}
  let begun = false
  await whileItChanges(
    async () => {
      if (!(await lookAtDirectory(engine, container, directory))) throw notFound(container, path)
      checkWritable(container, directory)
      const end = await insideEnd(engine, container, directory)
      const options = { ...owner, overwrite, expand: expandForeign, signal }
      await unpackArchive(end, archive, options, () => {
        begun = true
      })
    },
    () => !begun,
  )
  recordContainerEvent(engine.paths.data, container.record, 'extract-to-dir')
}

async function lookAtDirectory(
  engine: Engine,
  container: CopyContainer,
  path: string,
): Promise<FileStatus | undefined> {
  try {
    return await statInside(engine, container, `${path}/.`)
  } catch (error) {
    if (error instanceof LighterError && /: not a directory$/i.test(error.message)) {
      throw new LighterError('bad-input', 'extraction point is not a directory')
    }
    throw error
  }
}

function pathInside(path: string): string {
  // The words are Docker's.
  if (path === '') throw new LighterError('bad-input', 'bad parameter: pathcannot be empty')
  if (path.includes('\0')) throw new LighterError('bad-input', 'bad parameter: path has a zero')
  return absolutePath('/', path)
}
