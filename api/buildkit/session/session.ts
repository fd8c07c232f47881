import type { IncomingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import { badRequest } from '../../http/errors.ts'
import { GrpcClient } from '../grpc/client.ts'
import { grpcError } from '../grpc/status.ts'

/** What a client says of its session when it opens it. */
export interface SessionFacts {
  id: string
  name: string
  /** The same for all sessions of one directory of a client's; `''`: it says nothing. */
  sharedKey: string
  /** Paths of the methods that can be called. */
  methods: ReadonlySet<string>
}

/** A connection over which a client answers: for its files, secrets, agents and credentials. */
export interface ClientSession extends SessionFacts {
  grpc: GrpcClient
}

const PREFIX = 'x-docker-expose-session-'

/** Reads the headers of a session. Throws 400. */
export function readFacts(headers: IncomingHttpHeaders): SessionFacts {
  const text = (name: string): string => String(headers[`${PREFIX}${name}`] ?? '')
  const id = text('uuid')
  if (id === '' || id.length > 256) throw badRequest('a session needs an id')
  const methods = text('grpc-method')
    .split(',')
    .map((path) => path.trim().toLowerCase())
  return { id, name: text('name'), sharedKey: text('sharedkey'), methods: new Set(methods) }
}

/** Whether a client answers a method. Older clients write the last part of its path in small letters. */
export const supports = ({ methods }: ClientSession, path: string): boolean =>
  methods.has(path.toLowerCase())

/** Milliseconds for which a build waits for a session that is being opened. */
const PATIENCE = 5000

/** The sessions that are open. */
export class Sessions {
  readonly #open = new Map<string, ClientSession>()
  readonly #waiting = new Map<string, Set<(session: ClientSession) => void>>()

  /** Keeps a session over a connection; returns when it is over. Throws 400 for an id that is taken, before there is one. */
  async run(facts: SessionFacts, connection: () => Duplex): Promise<void> {
    if (this.#open.has(facts.id)) throw badRequest(`session ${facts.id} is already open`)
    const opened = connection()
    if (opened.destroyed) return
    const grpc = await GrpcClient.over(opened)
    const session = { ...facts, grpc }
    this.#open.set(facts.id, session)
    for (const found of this.#waiting.get(facts.id) ?? []) found(session)
    try {
      await grpc.closed
    } finally {
      this.#open.delete(facts.id)
    }
  }

  /** The session of an id, which may be about to open. Throws `GrpcError`. */
  async find(id: string, signal: AbortSignal, patience = PATIENCE): Promise<ClientSession> {
    const open = this.#open.get(id)
    if (open) return open
    const waiting = this.#waiting.get(id) ?? new Set()
    this.#waiting.set(id, waiting)
    const { promise, resolve, reject } = Promise.withResolvers<ClientSession>()
    waiting.add(resolve)
    const giveUp = () => reject(grpcError('UNAVAILABLE', `no active session for ${id}`))
    const timer = setTimeout(giveUp, patience)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
      waiting.delete(resolve)
      if (waiting.size === 0) this.#waiting.delete(id)
    }
  }
}
