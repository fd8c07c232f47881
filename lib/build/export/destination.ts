import {
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { isErrno, LighterError, systemErrorReason } from '../../core/errors.ts'
import { lazyTty } from '../../core/lazy.ts'
import { writeOutputFile } from '../../fs/output-file.ts'
import { spaceError } from '../../fs/replace.ts'
import type { OutputSpec } from '../options.ts'

const STDOUT = 1

/** Whether an output is a tree of files of the user's. */
export const isDirectoryOutput = ({ type, attributes }: OutputSpec): boolean =>
  type === 'local' || (type === 'oci' && attributes.tar === 'false')

/**
 * Looks at where an output goes before anything is built. Throws `usage` in the words of Docker's client: nothing is said where
 * it has to be, a file is in the place of a directory, or the other way round, or an archive would go to a terminal.
 */
export function checkDestination(spec: OutputSpec): void {
  const { type, destination } = spec
  if (type === 'docker' && spec.attributes.tar === 'false') {
    throw new LighterError('usage', 'output directory is not supported by the docker exporter')
  }
  if (isDirectoryOutput(spec)) {
    checkDirectory(type, destination)
    return
  }
  if (type !== 'tar' && type !== 'oci' && type !== 'docker') return
  if (destination === undefined && type === 'docker') return
  if (destination === undefined || destination === '-') {
    if (!lazyTty().isatty(STDOUT)) return
    throw new LighterError(
      'usage',
      `dest file is required for ${type} exporter. refusing to write to console`,
    )
  }
  if (lookAt(destination, 'file')?.isDirectory()) {
    throw new LighterError('usage', `destination file ${destination} is a directory`)
  }
}

function checkDirectory(type: string, destination: string | undefined): void {
  if (destination === undefined || destination === '') {
    throw new LighterError('usage', `dest is required for ${type} exporter`)
  }
  if (destination === '-') {
    throw new LighterError('usage', `dest cannot be stdout for ${type} exporter`)
  }
  const stat = lookAt(destination, 'directory')
  if (stat && !stat.isDirectory()) {
    throw new LighterError('usage', `destination directory ${destination} is a file`)
  }
}

function lookAt(path: string, what: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new LighterError(
      'usage',
      `invalid destination ${what}: ${path}: stat ${path}: ${systemErrorReason(error)}`,
      { cause: error },
    )
  }
}

/**
 * Makes a directory of the user's, and those above it. Not by Node's own recursion, which never ends where the kernel refuses names as
 * /proc does. Throws `usage`.
 */
export function makeDestination(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })) return
  const above = dirname(path)
  if (above !== path) makeDestination(above)
  try {
    mkdirSync(path, { mode: 0o777 })
  } catch (error) {
    if (isErrno(error, 'EEXIST') || !(error instanceof Error)) return
    const problem = spaceError(error, path)
    if (problem !== error) throw problem
    throw new LighterError('usage', `mkdir ${path}: ${systemErrorReason(error)}`, { cause: error })
  }
}

/**
 * Has `write` fill a file, which appears when it is whole, or standard output (`-`, or nothing said). What is no file, as /dev/null and
 * pipes, is written to; what a link leads to is replaced, not the link. Throws `usage` where it cannot be made.
 */
export async function writeDestination(
  destination: string | undefined,
  write: (fd: number) => Promise<void>,
): Promise<void> {
  if (destination === undefined || destination === '-') return await write(STDOUT)
  const stat = lookAt(destination, 'file')
  if (stat && !stat.isFile()) return await writeInto(destination, write)
  const path = stat ? realpathSync(destination) : destination
  await writeOutputFile(path, async (fd) => {
    // As any file that a user's program makes.
    const umask = process.umask()
    fchmodSync(fd, stat ? stat.mode & 0o777 : 0o666 & ~umask)
    await write(fd)
  })
}

async function writeInto(path: string, write: (fd: number) => Promise<void>): Promise<void> {
  const fd = openSync(path, constants.O_WRONLY)
  try {
    await write(fd)
  } finally {
    closeSync(fd)
  }
}
