import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Engine } from '../lib/engine.ts'
import { Admission } from './admission.ts'
import type { Listener } from './listen.ts'
import { isFromBrowser, type TcpTrust } from './tcp.ts'

const STRANGER = 'permission denied while trying to connect: the socket belongs to another user'
const BROWSER = 'permission denied while trying to connect: web pages are not answered'

/** Where all connections come in: it knows who made them, and cuts what is there still when the service ends. */
export class Door implements Disposable {
  readonly #engine: Engine
  readonly #tcp: TcpTrust
  readonly #sockets = new Set<Socket>()
  readonly #admissions = new WeakMap<Server, Admission>()
  readonly #admitted = new WeakMap<Socket, boolean | Promise<boolean>>()

  constructor(engine: Engine, tcp: TcpTrust) {
    this.#engine = engine
    this.#tcp = tcp
  }

  /** Looks at every connection of a server; called before it listens. Until more is known everybody is asked who it is. */
  watch(server: Server, isLocal: boolean): void {
    if (isLocal) this.#admissions.set(server, new Admission(this.#engine, undefined))
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
      const admission = this.#admissions.get(server)
      if (admission) this.#admitted.set(socket, admission.admits(socket))
    })
  }

  /** It listens: as its socket is now it was made. */
  know({ server, address }: Listener): void {
    if (address.type !== 'unix') return
    this.#admissions.set(server, new Admission(this.#engine, address.path || undefined))
  }

  /** Why a request is not answered; `undefined`: it is. */
  async refusal({ socket, headers }: IncomingMessage): Promise<string | undefined> {
    const admitted = this.#admitted.get(socket)
    if (admitted !== undefined) return (await admitted) ? undefined : STRANGER
    return this.#tcp.tls === undefined && isFromBrowser(headers) ? BROWSER : undefined
  }

  /** Cuts what is there still. */
  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
