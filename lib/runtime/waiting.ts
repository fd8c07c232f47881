import { closeSync, constants, openSync, rmdirSync, rmSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { lazyNet } from '../core/lazy.ts'
import { randomHex } from '../core/random.ts'
import { makeDirectory } from '../fs/replace.ts'

/** How often the directory may go before a socket is in it: who left it removes it when it is empty. */
const ATTEMPTS = 10

const directoryOf = (runtime: string, id: string): string =>
  join(runtime, 'containers', `${id}.waiting`)

/**
 * Listens for the monitor that starts a container, whoever has it started: it connects before the container's process runs, to the streams
 * in the name of the socket (docs/native-protocol.md, "Attach").
 */
export class WaitingSocket implements Disposable {
  readonly #path: string
  readonly #folder: string
  readonly #fd: number
  readonly #server: Server

  private constructor(folder: string, name: string, fd: number, server: Server) {
    this.#folder = folder
    this.#path = join(folder, name)
    this.#fd = fd
    this.#server = server
  }

  /** `streams`: as of an `EarlyClient`. Whoever is connected owns the socket. Throws what the system has against it. */
  static async open(
    runtime: string,
    id: string,
    streams: string,
    connected: (socket: Socket) => void,
  ): Promise<WaitingSocket> {
    const folder = directoryOf(runtime, id)
    const name = `${streams}.${randomHex(8)}`
    for (let attempt = 1; ; attempt++) {
      makeDirectory(folder)
      let fd: number | undefined
      try {
        fd = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY)
        return new WaitingSocket(folder, name, fd, await listenIn(fd, name, connected))
      } catch (error) {
        if (fd !== undefined) closeSync(fd)
        // Node says EACCES of a directory that is not there.
        const isGone = isErrno(error, 'ENOENT') || isErrno(error, 'EACCES')
        if (!isGone || attempt === ATTEMPTS) throw error
      }
    }
  }

  /** Nobody is connected any more from here on. */
  [Symbol.dispose](): void {
    this.#server.close()
    rmSync(this.#path, { force: true })
    closeSync(this.#fd)
    try {
      rmdirSync(this.#folder)
    } catch {
      // Others wait too, or the monitor has removed it.
    }
  }
}

async function listenIn(
  directory: number,
  name: string,
  connected: (socket: Socket) => void,
): Promise<Server> {
  const server = lazyNet().createServer((socket) => connected(socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The name of a socket has 108 bytes at most; a runtime directory may have more.
    server.listen(`/proc/self/fd/${directory}/${name}`, resolve)
  })
  return server
}

/** What those leave who waited for a container that is removed, and were killed. */
export function sweepWaiting(runtime: string, id: string): void {
  rmSync(directoryOf(runtime, id), { recursive: true, force: true })
}
