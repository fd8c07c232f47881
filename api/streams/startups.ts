import type { Socket } from 'node:net'
import { type EarlyClient, MAX_EARLY_CLIENTS } from '../../lib/runtime/handover.ts'

/** How waiting for a container's next run ended. */
export type Startup =
  /** A connection to the monitor that is about to start it. */
  | { kind: 'connected'; socket: Socket }
  /** It could not be started. */
  | { kind: 'failed' }
  /** Something else happened to the container: it is time to look. */
  | { kind: 'look' }

interface Waiting {
  /** `undefined`: the monitor finds it by itself. */
  streams: string | undefined
  settle(startup: Startup): void
}

/**
 * Who waits for a container to be started, so that whoever starts it through this service connects them first: nothing of what the
 * container writes is lost then.
 */
export class Startups {
  readonly #waiting = new Map<string, Set<Waiting>>()

  /**
   * Waits for a start of the container, or for `nudge`. `streams`: as of an `EarlyClient`; `undefined` for who is connected in another
   * way.
   */
  next(id: string, streams: string | undefined): { startup: Promise<Startup>; nudge(): void } {
    const { promise, resolve } = Promise.withResolvers<Startup>()
    const all = this.#waiting.get(id) ?? new Set()
    const waiting: Waiting = {
      streams,
      settle: (startup) => {
        all.delete(waiting)
        if (all.size === 0 && this.#waiting.get(id) === all) this.#waiting.delete(id)
        resolve(startup)
      },
    }
    this.#waiting.set(id, all.add(waiting))
    return { startup: promise, nudge: () => waiting.settle({ kind: 'look' }) }
  }

  /** For whoever starts the container now: those who wait for it. More than can be connected find the container by themselves. */
  early(id: string): EarlyClient[] {
    return [...(this.#waiting.get(id) ?? [])]
      .flatMap(({ streams, settle }) =>
        streams === undefined
          ? []
          : {
              streams,
              connected: (socket: Socket) => settle({ kind: 'connected', socket }),
            },
      )
      .slice(0, MAX_EARLY_CLIENTS)
  }

  /** Tells those who wait that the start failed. */
  failed(id: string): void {
    for (const waiting of [...(this.#waiting.get(id) ?? [])]) waiting.settle({ kind: 'failed' })
  }
}
