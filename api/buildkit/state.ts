import type { Service } from '../http/call.ts'
import { Jobs } from './job/jobs.ts'
import { type ClientSession, Sessions } from './session/session.ts'

/** What a service knows of builds and of the clients that wait for them. */
export interface BuildKitState {
  readonly sessions: Sessions
  readonly jobs: Jobs
}

const states = new WeakMap<Service, BuildKitState>()

export function stateOf(service: Service): BuildKitState {
  const known = states.get(service)
  if (known) return known
  const state = { sessions: new Sessions(), jobs: new Jobs() }
  states.set(service, state)
  return state
}

/** The session of an id that a client has named, waited for while it opens. Throws `GrpcError`. */
export const sessionOf = (
  service: Service,
  id: string,
  signal: AbortSignal,
): Promise<ClientSession> => stateOf(service).sessions.find(id, signal)
