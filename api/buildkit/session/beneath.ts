import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { isErrno } from '../../../lib/core/errors.ts'
import { grpcError } from '../grpc/status.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants

/** What a path of a client's may be: relative, clean, of names that the kernel takes. Throws `GrpcError` for all else. */
export function namesOf(path: string): string[] {
  const names = path.split('/')
  const isBad = (name: string): boolean =>
    name === '' || name === '.' || name === '..' || name.includes('\0') || name.length > 255
  if (names.some(isBad))
    throw grpcError('INVALID_ARGUMENT', `invalid path: ${JSON.stringify(path)}`)
  return names
}

/**
 * A directory in which somebody else says what is made. Every path is walked from its descriptor, and no link is followed: what is
 * said can be wrong, and still nothing outside is touched.
 */
export class Beneath implements Disposable {
  readonly #root: number
  /** The directory that was used last: entries come sorted. */
  #above: { key: string; fd: number } | undefined

  constructor(root: string) {
    this.#root = openSync(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  }

  /** Makes a directory that this process can write to, unless it is there. */
  directory(names: readonly string[]): void {
    const place = this.#place(names)
    try {
      mkdirSync(place, { mode: 0o700 })
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error
      if (lstatSync(place).isDirectory()) return
      rmSync(place)
      mkdirSync(place, { mode: 0o700 })
    }
  }

  symlink(names: readonly string[], target: string): void {
    const place = this.#place(names)
    this.#clear(place)
    symlinkSync(target, place)
  }

  /** Another name of a file that is there. */
  link(names: readonly string[], existing: readonly string[]): void {
    const source = this.#open(existing, O_RDONLY)
    try {
      if (!fstatSync(source).isFile()) {
        throw grpcError('INVALID_ARGUMENT', `invalid hard link to ${existing.join('/')}`)
      }
    } finally {
      closeSync(source)
    }
    const from = this.#openDirectory(existing.slice(0, -1))
    try {
      const place = this.#place(names)
      this.#clear(place)
      linkSync(`/proc/self/fd/${from}/${existing.at(-1)}`, place)
    } finally {
      closeSync(from)
    }
  }

  /** Makes an empty file in the place of whatever was there. The descriptor is the caller's. */
  create(names: readonly string[]): number {
    const place = this.#place(names)
    this.#clear(place)
    return openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  }

  /** Gives a directory its mode and its time, in nanoseconds since 1970. */
  finish(names: readonly string[], mode: number, time: number): void {
    const fd = this.#openDirectory(names)
    try {
      settle(fd, mode, time)
    } finally {
      closeSync(fd)
    }
  }

  [Symbol.dispose](): void {
    if (this.#above) closeSync(this.#above.fd)
    closeSync(this.#root)
  }

  /** A path to an entry by the descriptor of the directory that it is in. */
  #place(names: readonly string[]): string {
    const above = names.slice(0, -1)
    const key = above.join('/')
    if (this.#above?.key !== key) {
      const fd = this.#openDirectory(above)
      if (this.#above) closeSync(this.#above.fd)
      this.#above = { key, fd }
    }
    return `/proc/self/fd/${this.#above.fd}/${names.at(-1)}`
  }

  #openDirectory(names: readonly string[]): number {
    return this.#open(names, O_RDONLY | O_DIRECTORY)
  }

  #open(names: readonly string[], flags: number): number {
    let fd = openSync(`/proc/self/fd/${this.#root}/.`, O_RDONLY | O_DIRECTORY)
    for (const [index, name] of names.entries()) {
      const isLast = index === names.length - 1
      try {
        const own = isLast ? flags : O_RDONLY | O_DIRECTORY
        const next = openSync(`/proc/self/fd/${fd}/${name}`, own | O_NOFOLLOW)
        closeSync(fd)
        fd = next
      } catch (error) {
        closeSync(fd)
        if (!isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error
        const path = names.join('/')
        throw grpcError(
          'INVALID_ARGUMENT',
          `invalid path: ${JSON.stringify(path)} is in no directory`,
        )
      }
    }
    return fd
  }

  #clear(place: string): void {
    rmSync(place, { recursive: true, force: true })
  }
}

/** Every file system takes it: the year 2242. */
const MAX_TIME = 2 ** 33

/** Gives an open file or directory its mode, which its owner can use, and its time, in nanoseconds since 1970. */
export function settle(fd: number, mode: number, time: number): void {
  fchmodSync(fd, mode)
  const seconds = Math.min(Math.max(time / 1e9, 0), MAX_TIME)
  futimesSync(fd, seconds, seconds)
}
