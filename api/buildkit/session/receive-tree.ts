import { closeSync } from 'node:fs'
import type { ClientFiles } from '../../../lib/build/client.ts'
import { DockerfileError } from '../../../lib/dockerfile/errors.ts'
import { spaceError, writeAll } from '../../../lib/fs/replace.ts'
import type { GrpcStream, Metadata } from '../grpc/client.ts'
import { grpcError } from '../grpc/status.ts'
import { type Packet, packet, type Stat } from '../wire/types.ts'
import { Beneath, namesOf, settle } from './beneath.ts'
import { kindOf, PACKET, permissionsOf } from './packets.ts'
import type { ClientSession } from './session.ts'

const DIFF_COPY = '/moby.filesync.v1.FileSync/DiffCopy'

/**
 * Has files of a client's directory be below one of ours. The client says what they are called and what they have: nothing of it is
 * believed, see `Beneath`. Owners are root's, as of every context. Throws `DockerfileError`, `GrpcError`, `no-space`.
 */
export async function receiveTree(session: ClientSession, wanted: ClientFiles): Promise<void> {
  using stream = session.grpc.open(DIFF_COPY, {
    metadata: metadataOf(wanted),
    signal: wanted.signal,
  })
  using receiver = new Receiver(stream, wanted)
  try {
    for await (const message of stream.messages()) {
      wanted.onBytes(message.length)
      await receiver.take(packet.decode(message))
    }
    receiver.checkWhole()
  } catch (error) {
    await stream
      .send(packet.encode({ type: PACKET.ERR, data: Buffer.from(String(error)) }))
      .catch(() => undefined)
    throw spaceError(error, wanted.into)
  }
}

/** What is wanted; lists with other than ASCII are encoded, as headers have to be. */
function metadataOf({ name, paths, exclude }: ClientFiles): Metadata {
  const lists: [string, readonly string[]][] = [
    ['dir-name', [name]],
    ['followpaths', paths],
    ['exclude-patterns', exclude],
  ]
  return Object.fromEntries(
    lists.flatMap(([key, values]): [string, string | readonly string[]][] => {
      if (values.every((value) => /^[\x20-\x7e]*$/.test(value))) return [[key, values]]
      return [
        [key, values.map(queryEscape)],
        [`${key}-encoded`, '1'],
      ]
    }),
  )
}

/** As Go's url.QueryEscape. */
const queryEscape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')

/** So many files are asked for at a time: more than a client sends beside each other. */
const PARALLEL = 128

/** What is kept of an entry: there may be very many. */
type Entry = Pick<Stat, 'path' | 'mode' | 'modTime'>

/** A file that was asked for; `fd`: its bytes are coming. */
interface Wanted extends Entry {
  fd: number | undefined
}

class Receiver implements Disposable {
  readonly #stream: GrpcStream
  readonly #beneath: Beneath
  readonly #wanted = new Map<number, Wanted>()
  /** All files, with their place in the list of entries, until they are asked for: those from `#next` on. */
  readonly #files: ({ id: number; entry: Entry } | undefined)[] = []
  #next = 0
  readonly #directories: Entry[] = []
  /** Further names of files, which are there once all files are. */
  readonly #links: { path: string; existing: string }[] = []
  /** Requests are sent beside the reading: who waits for room while the other side does the same waits for ever. */
  #sending: Promise<void> = Promise.resolve()
  #count = 0
  #isListed = false
  #isOver = false

  constructor(stream: GrpcStream, { into }: ClientFiles) {
    this.#stream = stream
    this.#beneath = new Beneath(into)
  }

  async take({ type, stat, id, data }: Packet): Promise<void> {
    if (type === PACKET.ERR) {
      throw new DockerfileError(`error from sender: ${Buffer.from(data).toString('utf8')}`)
    }
    if (type === PACKET.STAT) this.#takeEntry(stat)
    else if (type === PACKET.DATA) this.#takeData(id, data)
    else if (type !== PACKET.FIN) throw grpcError('INVALID_ARGUMENT', `unknown packet ${type}`)
    await this.#finishIfWhole()
  }

  /** Throws where the other side has stopped before everything was here. */
  checkWhole(): void {
    if (!this.#isOver) throw grpcError('UNAVAILABLE', 'the client has stopped sending its files')
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#wanted.values()) if (fd !== undefined) closeSync(fd)
    this.#beneath[Symbol.dispose]()
  }

  #takeEntry(given: Partial<Stat> | null): void {
    // An entry without anything ends the list.
    if (given === null) {
      this.#isListed = true
      return
    }
    if (this.#isListed) throw grpcError('INVALID_ARGUMENT', 'an entry behind the last one')
    const stat = given as Stat
    const id = this.#count++
    const names = namesOf(stat.path)
    switch (kindOf(stat.mode)) {
      case 'directory':
        this.#beneath.directory(names)
        this.#directories.push(entryOf(stat))
        return
      case 'symlink':
        this.#beneath.symlink(names, stat.linkname)
        return
      case 'other':
        throw new DockerfileError(
          `error from sender: ${stat.path} is no file, directory or symbolic link`,
        )
      case 'file':
        this.#takeFile(id, stat)
    }
  }

  #takeFile(id: number, stat: Stat): void {
    if (stat.linkname !== '') {
      namesOf(stat.linkname)
      this.#links.push({ path: stat.path, existing: stat.linkname })
      return
    }
    this.#files.push({ id, entry: entryOf(stat) })
    this.#ask()
  }

  #ask(): void {
    while (this.#wanted.size < PARALLEL) {
      const file = this.#files[this.#next]
      if (!file) return
      this.#files[this.#next++] = undefined
      this.#wanted.set(file.id, { ...file.entry, fd: undefined })
      this.#send({ type: PACKET.REQ, id: file.id })
    }
  }

  /** An empty packet ends a file. */
  #takeData(id: number, data: Uint8Array): void {
    const wanted = this.#wanted.get(id)
    if (!wanted) throw grpcError('INVALID_ARGUMENT', `invalid file request ${id}`)
    wanted.fd ??= this.#beneath.create(namesOf(wanted.path))
    if (data.length > 0) {
      writeAll(wanted.fd, data)
      return
    }
    settle(wanted.fd, permissionsOf(wanted.mode) | 0o400, wanted.modTime)
    closeSync(wanted.fd)
    this.#wanted.delete(id)
    this.#ask()
  }

  async #finishIfWhole(): Promise<void> {
    if (this.#isOver || !this.#isListed || this.#wanted.size > 0) return
    this.#isOver = true
    for (const { path, existing } of this.#links)
      this.#beneath.link(namesOf(path), namesOf(existing))
    // What is in a directory changes its time.
    for (const { path, mode, modTime } of this.#directories.reverse())
      this.#beneath.finish(namesOf(path), permissionsOf(mode) | 0o700, modTime)
    this.#send({ type: PACKET.FIN })
    await this.#sending
    this.#stream.end()
  }

  #send(message: Partial<Packet>): void {
    this.#sending = this.#sending.then(() => this.#stream.send(packet.encode(message)))
    // Whoever reads finds out.
    this.#sending.catch(() => undefined)
  }
}

const entryOf = ({ path, mode, modTime }: Stat): Entry => ({ path, mode, modTime })
