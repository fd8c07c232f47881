import { rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { lazyNet } from '../../lib/core/lazy.ts'

/**
 * The socket by which a plugin hears that it is to end: it connects, and whatever it does is over when the connection is. Plugins stand
 * in the terminal's process group and hear of interrupts by themselves; a signal that only this process got reaches them by this.
 */
export class PluginSignal implements Disposable {
  readonly path: string
  readonly #server = lazyNet().createServer((socket) => this.#add(socket))
  readonly #sockets = new Set<Socket>()

  private constructor(path: string) {
    this.path = path
  }

  /** `path`: in a directory that is this user's alone. */
  static async open(path: string): Promise<PluginSignal> {
    const signal = new PluginSignal(path)
    rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      signal.#server.once('error', reject)
      signal.#server.listen(path, resolve)
    })
    signal.#server.unref()
    return signal
  }

  /** Has plugins end. */
  send(): void {
    for (const socket of this.#sockets) socket.end()
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    rmSync(this.path, { force: true })
  }

  #add(socket: Socket): void {
    this.#sockets.add(socket)
    socket.unref().on('error', () => undefined)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.resume()
  }
}
