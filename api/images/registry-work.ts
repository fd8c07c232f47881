import { type Engine, withCredentials } from '../../lib/engine.ts'
import type { FindCredentials } from '../../lib/registry/credential.ts'
import { withOwnConnections } from '../../lib/registry/transport.ts'
import type { Call } from '../http/call.ts'

/**
 * Does what a call asks of registries: with the credentials that came with it, on connections of its own, and no longer than somebody
 * waits for it. Without `credentials` they are the user's.
 */
export const withRegistry = <Result>(
  { engine, signal }: Pick<Call, 'engine' | 'signal'>,
  credentials: FindCredentials | undefined,
  work: (engine: Engine) => Promise<Result>,
): Promise<Result> =>
  withOwnConnections(signal, () =>
    work(credentials ? withCredentials(engine, credentials) : engine),
  )
