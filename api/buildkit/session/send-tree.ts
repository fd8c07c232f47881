import { createReadStream, type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { GrpcStream, Metadata } from '../grpc/client.ts'
import { grpcError } from '../grpc/status.ts'
import { bytesMessage, packet, type Stat } from '../wire/types.ts'
import { goMode, PACKET } from './packets.ts'
import { type ClientSession, supports } from './session.ts'

const DIFF_COPY = '/moby.filesync.v1.FileSend/DiffCopy'
const EXPORTER = 'buildkit-attachable-exporter-id'
const CHUNK = 32 * 1024

/** Which of the outputs of a client something is for. */
export interface Destination {
  session: ClientSession
  /** Its place among the outputs. */
  index: number
  signal: AbortSignal
}

/** Sends a file to where a client wants it. Throws `GrpcError`. */
export async function sendFile(
  destination: Destination,
  path: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const about = Object.entries(metadata).map(([key, value]) => [`exporter-md-${key}`, value])
  using stream = openSend(destination, Object.fromEntries(about) as Metadata)
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK }))
    await stream.send(bytesMessage.encode({ data: chunk as Buffer }))
  stream.end()
  for await (const _ of stream.messages()) {
    // There is nothing to be said but how it ended.
  }
}

/** Has a client put the files of a directory of ours into one of its own. Throws `GrpcError`. */
export async function sendTree(destination: Destination, root: string): Promise<void> {
  using stream = openSend(destination, {})
  const sender = new Sender(stream, root)
  const listing = sender.list()
  listing.catch(() => undefined)
  for await (const message of stream.messages()) await sender.take(packet.decode(message))
  await listing
}

function openSend({ session, index, signal }: Destination, metadata: Metadata): GrpcStream {
  if (!supports(session, DIFF_COPY)) {
    throw grpcError('FAILED_PRECONDITION', `method ${DIFF_COPY} not supported by the client`)
  }
  const options = { metadata: { ...metadata, [EXPORTER]: String(index) }, signal }
  return session.grpc.open(DIFF_COPY, options)
}

/** So many files are sent beside each other. */
const PARALLEL = 4

class Sender {
  readonly #stream: GrpcStream
  readonly #root: string
  /** Paths of the files, by their place in the list. */
  readonly #files = new Map<number, string>()
  readonly #asked: number[] = []
  #sending = 0
  #count = 0

  constructor(stream: GrpcStream, root: string) {
    this.#stream = stream
    this.#root = root
  }

  /** Every entry, in the order of paths; then an entry without anything. */
  async list(): Promise<void> {
    await this.#listDirectory('')
    await this.#stream.send(packet.encode({ type: PACKET.STAT }))
  }

  async take({ type, id, data }: { type: number; id: number; data: Uint8Array }): Promise<void> {
    if (type === PACKET.ERR) {
      throw grpcError('UNKNOWN', `error from receiver: ${Buffer.from(data).toString('utf8')}`)
    }
    if (type === PACKET.FIN) {
      await this.#stream.send(packet.encode({ type: PACKET.FIN }))
      this.#stream.end()
      return
    }
    if (type !== PACKET.REQ) return
    this.#asked.push(id)
    this.#sendNext()
  }

  #sendNext(): void {
    if (this.#sending >= PARALLEL) return
    const id = this.#asked.shift()
    if (id === undefined) return
    this.#sending++
    void this.#sendFile(id)
      .catch((error: unknown) => {
        const message = Buffer.from(error instanceof Error ? error.message : String(error))
        return this.#stream.send(packet.encode({ type: PACKET.ERR, data: message }))
      })
      .catch(() => undefined)
      .finally(() => {
        this.#sending--
        this.#sendNext()
      })
  }

  async #sendFile(id: number): Promise<void> {
    const path = this.#files.get(id)
    if (path === undefined) throw new Error(`invalid file id ${id}`)
    this.#files.delete(id)
    for await (const chunk of createReadStream(join(this.#root, path), { highWaterMark: CHUNK }))
      await this.#stream.send(packet.encode({ type: PACKET.DATA, id, data: chunk as Buffer }))
    await this.#stream.send(packet.encode({ type: PACKET.DATA, id }))
  }

  async #listDirectory(directory: string): Promise<void> {
    const entries = readdirSync(join(this.#root, directory), { withFileTypes: true })
    for (const entry of entries.sort(byName)) {
      const path = directory === '' ? entry.name : `${directory}/${entry.name}`
      const stat = statOf(join(this.#root, path), path)
      if (!stat) continue
      const id = this.#count++
      if (entry.isFile()) this.#files.set(id, path)
      await this.#stream.send(packet.encode({ type: PACKET.STAT, stat }))
      if (entry.isDirectory()) await this.#listDirectory(path)
    }
  }
}

/** In the order of bytes, as receivers expect it. */
const byName = (one: Dirent, other: Dirent): number =>
  Buffer.compare(Buffer.from(one.name), Buffer.from(other.name))

function statOf(place: string, path: string): Partial<Stat> | undefined {
  const stat = lstatSync(place)
  const common = { path, modTime: Math.round(stat.mtimeMs * 1e6) }
  if (stat.isDirectory()) return { ...common, mode: goMode('directory', stat.mode) }
  if (stat.isFile()) return { ...common, mode: goMode('file', stat.mode), size: stat.size }
  if (!stat.isSymbolicLink()) return undefined
  return { ...common, mode: goMode('symlink', 0o777), linkname: readlinkSync(place) }
}
