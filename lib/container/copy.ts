import { constants } from 'node:fs'
import { posix } from 'node:path'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import {
  copyFiles,
  type FileStatus,
  type FilesEnd,
  readFilesToStdout,
  statFile,
} from '../runtime/files.ts'
import type { Container } from './catalog.ts'
import { findLocal, findLocalSource } from './copy-host.ts'
import {
  absolutePath,
  type CopyEnd,
  decideTarget,
  meansContents,
  refusal,
  sourceName,
} from './copy-paths.ts'
import { recordContainerEvent } from './events.ts'
import { readState } from './state.ts'
import { unpackStdin } from './unpack-stdin.ts'
import { planView } from './view.ts'

export interface CopyOptions {
  /** Numbers of owners in a container stay as they are on the host. */
  archive: boolean
  followLink: boolean
  onBytes(count: number): void
}

/** A container and how the user called it. */
export interface CopyContainer extends Container {
  called: string
}

/**
 * Where the files are to be reached is another place once the container was started, or has ended: then it is looked at anew, unless
 * `mayRepeat` says that it is too late for that.
 */
export async function whileItChanges<Result>(
  copy: () => Promise<Result>,
  mayRepeat: () => boolean = () => true,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await copy()
    } catch (error) {
      const changed = error instanceof LighterError && error.code === 'already-running'
      if (!changed || attempt === ATTEMPTS || !mayRepeat()) throw error
    }
  }
}

const ATTEMPTS = 10

/** As many links as the kernel follows. */
const MAX_LINKS = 40

/** Copies out of a container, to a path of the host or (`-`) as an archive to standard output. */
export async function copyFromContainer(
  engine: Engine,
  container: CopyContainer,
  path: string,
  destination: string,
  options: CopyOptions,
): Promise<void> {
  await whileItChanges(() => copyOutOf(engine, container, path, destination, options))
}

async function copyOutOf(
  engine: Engine,
  container: CopyContainer,
  path: string,
  destination: string,
  options: CopyOptions,
): Promise<void> {
  // The whole root file system would be a surprise where a script's variable is empty. The words are Docker's.
  if (path === '') throw new LighterError('bad-input', 'bad parameter: pathcannot be empty')
  let source = absolutePath('/', path)
  let status = await statInside(engine, container, source)
  if (options.followLink && status && isLink(status)) {
    source = keepEnd(source, linkTarget(source, status.target))
    status = await statInside(engine, container, source)
  }
  if (!status) throw notFound(container, source)
  const from = await insideEnd(engine, container, source)
  if (destination === '-') {
    const name = source === '/' ? '/' : posix.basename(source)
    await readFilesToStdout(from, meansContents(source) ? '.' : name)
    recordContainerEvent(engine.paths.data, container.record, 'archive-path')
    return
  }
  const local = findLocal(destination)
  const isDirectory = isDirectoryMode(status) || meansContents(source)
  const target = decideTarget({ isDirectory, name: sourceName(absolutePath('/', path)) }, local)
  const to = { program: engine.native().program, path: target.directory }
  await copyFiles(from, to, target.name, options.archive, options.onBytes)
  recordContainerEvent(engine.paths.data, container.record, 'archive-path')
}

/** Copies a path of the host, or the archive on standard input (`-`), into a container. */
export async function copyToContainer(
  engine: Engine,
  container: CopyContainer,
  source: string,
  path: string,
  options: CopyOptions,
): Promise<void> {
  await whileItChanges(() => copyInto(engine, container, source, path, options))
}

async function copyInto(
  engine: Engine,
  container: CopyContainer,
  source: string,
  path: string,
  options: CopyOptions,
): Promise<void> {
  const destination = await findInside(engine, container, path)
  if (source === '-') {
    if (!destination.isDirectory) {
      throw refusal(`destination "${container.called}:${path}" must be a directory`)
    }
    checkWritable(container, destination.path)
    const end = await insideEnd(engine, container, destination.path)
    await unpackStdin(end)
    recordContainerEvent(engine.paths.data, container.record, 'extract-to-dir')
    return
  }
  const local = findLocalSource(source, options.followLink)
  const target = decideTarget(local, destination)
  const directory = await statInside(engine, container, `${target.directory}/.`).catch(
    (error: unknown) => {
      if (error instanceof LighterError && /: not a directory$/.test(error.message)) {
        throw new LighterError('bad-input', 'extraction point is not a directory')
      }
      throw error
    },
  )
  if (!directory) throw notFound(container, target.directory)
  checkWritable(container, target.directory)
  const from = { program: engine.native().program, path: local.path }
  const to = await insideEnd(engine, container, target.directory)
  await copyFiles(from, to, target.name, options.archive, options.onBytes)
  recordContainerEvent(engine.paths.data, container.record, 'extract-to-dir')
}

/** Where a destination in the container is, with the links at its end followed. */
async function findInside(
  engine: Engine,
  container: CopyContainer,
  path: string,
): Promise<CopyEnd> {
  if (path === '') return { path: '', exists: false, isDirectory: false }
  let at = absolutePath('/', path)
  for (let links = 0; links < MAX_LINKS; links++) {
    const status = await statInside(engine, container, at).catch(() => undefined)
    if (!status) return { path: at, exists: false, isDirectory: false }
    if (!isLink(status)) {
      const reason = specialReason(status)
      if (reason) {
        throw refusal(
          `destination "${container.called}:${path}" must be a directory or a regular file: ${reason}`,
        )
      }
      return { path: at, exists: true, isDirectory: isDirectoryMode(status) }
    }
    at = linkTarget(at, status.target)
  }
  // A link that leads to itself is what stands in the way of the copy, and is replaced.
  return { path: at, exists: true, isDirectory: false }
}

export const statInside = async (
  engine: Engine,
  container: Container,
  path: string,
): Promise<FileStatus | undefined> => statFile(await insideEnd(engine, container, path))

export async function insideEnd(
  engine: Engine,
  container: Container,
  path: string,
): Promise<FilesEnd> {
  const view = await planView(engine, container)
  return { program: engine.native().program, view, path }
}

const type = ({ mode }: FileStatus): number => mode & constants.S_IFMT
const isLink = (status: FileStatus): boolean => type(status) === constants.S_IFLNK
const isDirectoryMode = (status: FileStatus): boolean => type(status) === constants.S_IFDIR

function specialReason(status: FileStatus): string | undefined {
  const kind = type(status)
  if (kind === constants.S_IFCHR || kind === constants.S_IFBLK) return 'got a device'
  if (kind === constants.S_IFIFO || kind === constants.S_IFSOCK) return 'got an irregular file'
  return undefined
}

/** Where a link leads to. */
export const linkTarget = (link: string, target: string): string =>
  posix.normalize(target.startsWith('/') ? target : `${posix.dirname(link)}/${target}`)

/** What the end of the path said stays said of what it leads to. */
const keepEnd = (path: string, target: string): string =>
  meansContents(path) ? `${target}/.` : path.endsWith('/') ? `${target}/` : target

/** Docker's error for a path that is not there. */
export const notFound = ({ called }: CopyContainer, path: string): LighterError =>
  new LighterError('no-such-container', `Could not find the file ${path} in container ${called}`)

/**
 * A read-only root filesystem takes files in its writable volumes only, and in the tmpfs of a container that runs: otherwise
 * there is none, and the file would lie below its place.
 */
export function checkWritable({ record, directory }: Container, path: string): void {
  const mount = record.mounts
    .filter(({ destination }) => path === destination || path.startsWith(`${destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0]
  if (mount?.readOnly) throw new LighterError('bad-input', 'mounted volume is marked read-only')
  const isThere = mount && (mount.type !== 'tmpfs' || readState(directory).status === 'running')
  if (!isThere && record.host.readonlyRootfs) {
    throw new LighterError('bad-input', 'container rootfs is marked read-only')
  }
}
