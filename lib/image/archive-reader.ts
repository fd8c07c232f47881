import { closeSync, openSync } from 'node:fs'
import { join, posix } from 'node:path'
import type { Readable } from 'node:stream'
import type { ReadEntry } from 'tar'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { readSmallFile } from '../fs/read.ts'
import { spaceError, writeAll } from '../fs/replace.ts'

/** A file of an archive, kept under a name of ours. */
export interface ArchivedFile {
  path: string
  size: number
  digest: Digest
}

type Member = ArchivedFile | { target: string }

/** What an image archive has of members is far below. */
const MAX_MEMBERS = 100_000
const MAX_NAME = 4096
const MAX_LINKS = 40
const BLOCK = 512

/** The files of an archive by the names they have there. */
export class ArchiveFiles {
  readonly #members: ReadonlyMap<string, Member>

  constructor(members: ReadonlyMap<string, Member>) {
    this.#members = members
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined
  }

  /** The file of that name, links followed; none of them leads out of the archive. Throws `bad-archive`. */
  get(name: string): ArchivedFile {
    const file = this.#find(name)
    if (!file) throw badArchive(`open ${name}: no such file or directory`)
    return file
  }

  /** The content of a small file. Throws `bad-archive`. */
  read(name: string, limit: number): Buffer {
    const { path, size } = this.get(name)
    if (size > limit) throw badArchive(`${name} is larger than ${limit} bytes`)
    return readSmallFile(path, limit) ?? Buffer.alloc(0)
  }

  #find(name: string): ArchivedFile | undefined {
    let key = inside(name)
    for (let links = 0; links < MAX_LINKS; links += 1) {
      const member = this.#members.get(key)
      if (!member || 'path' in member) return member
      key = member.target
    }
    return undefined
  }
}

/** The error for what an archive has wrong. */
export const badArchive = (message: string, cause?: unknown): LighterError =>
  new LighterError('bad-archive', message, { cause })

/** A name as one below the archive's root, where every `..` ends. */
const inside = (name: string): string => posix.normalize(`/${name}`).replace(/\/$/, '')

/**
 * Takes an archive's files apart into the directory, which is the caller's: what the archive calls them is never a path on the disk.
 * Throws `bad-archive` with Docker's words, and `no-space`.
 */
export async function readArchive(input: Readable, directory: string): Promise<ArchiveFiles> {
  const { Parser } = await import('tar')
  const parser = new Parser()
  using keeper = new Keeper(directory)
  let ended = false
  parser.on('eof', () => {
    ended = true
  })
  parser.on('warn', (code, message) => {
    const fault = ended ? undefined : faultOf(code, message)
    if (fault) keeper.fail(badArchive(fault))
  })
  parser.on('entry', (entry) => keeper.keep(entry))
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    feed(keeper, () => parser.write(chunk))
    if (keeper.failure) break
  }
  if (!ended && size % BLOCK !== 0) keeper.fail(badArchive(CUT_OFF))
  // A member that was cut off between two blocks is told by the end.
  if (!keeper.failure && size > 0) feed(keeper, () => parser.end())
  if (keeper.failure) throw keeper.failure
  return new ArchiveFiles(keeper.members)
}

/** The library throws where a size makes no sense. */
function feed(keeper: Keeper, step: () => void): void {
  try {
    step()
  } catch (error) {
    keeper.fail(badArchive(NO_HEADER, error))
  }
}

const FATAL: ReadonlySet<unknown> = new Set(['TAR_BAD_ARCHIVE', 'TAR_ENTRY_INVALID', 'TAR_ABORT'])
export const CUT_OFF = 'unexpected EOF'
export const NO_HEADER = 'archive/tar: invalid tar header'

/** What is wrong with an archive that the library warns of, in Go's words; `undefined`: nothing that matters. */
export function faultOf(code: unknown, message: unknown): string | undefined {
  if (!FATAL.has(code)) return undefined
  return String(message).startsWith('Truncated') ? CUT_OFF : NO_HEADER
}

/** Puts the files of an archive aside, one after the other, until something fails. */
class Keeper implements Disposable {
  readonly members = new Map<string, Member>()
  failure: unknown
  #count = 0
  readonly #directory: string
  /** The file that is being written. */
  #open: number | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** What went wrong first is what is told. */
  fail(error: unknown): void {
    this.failure ??= error
  }

  keep(entry: ReadEntry): void {
    const { type, path, linkpath = '' } = entry
    this.#count += 1
    if (this.#count > MAX_MEMBERS) this.fail(badArchive('the archive has too many members'))
    if (path.length > MAX_NAME || linkpath.length > MAX_NAME) {
      this.fail(badArchive('file name too long'))
    }
    const name = inside(path)
    const isFile = type === 'File' || type === 'OldFile' || type === 'ContiguousFile'
    if (!this.failure && isFile) {
      // One that comes again under its name counts instead of the earlier one.
      this.#keepFile(entry, name)
      return
    }
    if (type === 'Link') this.members.set(name, { target: inside(linkpath) })
    if (type === 'SymbolicLink') {
      const target = linkpath.startsWith('/') ? linkpath : `${posix.dirname(name)}/${linkpath}`
      this.members.set(name, { target: inside(target) })
    }
    entry.resume()
  }

  #keepFile(entry: ReadEntry, name: string): void {
    const path = join(this.#directory, String(this.#count))
    const hash = lazyCrypto().createHash('sha256')
    let size = 0
    const fd = this.#try(path, () => openSync(path, 'wx', 0o600))
    this.#open = fd
    entry.on('data', (chunk: Buffer) => {
      if (fd === undefined || this.failure) return
      hash.update(chunk)
      size += chunk.length
      this.#try(path, () => writeAll(fd, chunk))
    })
    entry.on('end', () => {
      this[Symbol.dispose]()
      if (this.failure || size !== entry.size) return
      this.members.set(name, { path, size, digest: `sha256:${hash.digest('hex')}` as Digest })
    })
  }

  /** One that was cut off has no end. */
  [Symbol.dispose](): void {
    if (this.#open !== undefined) closeSync(this.#open)
    this.#open = undefined
  }

  #try<T>(path: string, work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.fail(spaceError(error, path))
      return undefined
    }
  }
}
