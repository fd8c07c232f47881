import { lstatSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Engine } from '../lib/engine.ts'
import { askPeer } from '../lib/runtime/peer.ts'

/** Who may read and write a socket: nobody but its owner. */
const OTHERS = 0o077

/**
 * Decides whose connections are answered: those of the user that runs the service, of root, and of the ids that are subordinate to the
 * user. While the socket is as it was made the kernel lets nobody else connect, and nobody is asked.
 */
export class Admission {
  readonly #engine: Engine
  readonly #path: string | undefined
  readonly #made: string | undefined

  /** `path`: the socket's; `undefined` where it has none that is known: everybody is asked. */
  constructor(engine: Engine, path: string | undefined) {
    this.#engine = engine
    this.#path = path
    this.#made = path === undefined ? undefined : describe(path)
  }

  /** Whether a connection that came in now may ask for anything. */
  async admits(connection: Socket): Promise<boolean> {
    if (this.#path !== undefined && this.#made !== undefined && describe(this.#path) === this.#made)
      return true
    try {
      return this.#isOwn(await askPeer(this.#engine.native().program, connection))
    } catch {
      // Who cannot be told is a stranger.
      return false
    }
  }

  #isOwn(uid: number): boolean {
    if (uid === 0 || uid === process.getuid?.()) return true
    return this.#engine
      .idMap()
      .uids.some(([, outside, count]) => uid >= outside && uid < outside + count)
  }
}

/**
 * Which file it is, and when its owner or mode last changed; `undefined` where others than its owner may connect, or the owner is
 * somebody else.
 */
function describe(path: string): string | undefined {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  if (!file?.isSocket() || (Number(file.mode) & OTHERS) !== 0) return undefined
  if (Number(file.uid) !== process.getuid?.()) return undefined
  return `${file.dev} ${file.ino} ${file.ctimeNs}`
}
