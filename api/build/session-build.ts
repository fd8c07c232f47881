import type { Engine } from '../../lib/engine.ts'
import { makeDraft } from '../../lib/fs/drafts.ts'
import { ownIdentity } from '../../lib/host/process.ts'
import { removeTrees } from '../../lib/runtime/userns.ts'
import { SessionClient } from '../buildkit/job/client.ts'
import { makeInside } from '../buildkit/job/outputs.ts'
import { askCredentials } from '../buildkit/session/attached.ts'
import type { ClientSession } from '../buildkit/session/session.ts'
import { sessionOf } from '../buildkit/state.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { archiveOf } from '../images/archive.ts'
import { buildFromContext } from './from-context.ts'
import { CLIENT_SESSION, readBuildOptions } from './options.ts'

/** What clients of old call their directories. */
const DIRECTORIES = { context: 'context', dockerfile: 'dockerfile' }

/** `POST /build?version=2&session=…`: the client has the secrets and the credentials, and with `remote=client-session` the context. */
export async function buildWithSession(call: Call): Promise<void> {
  const { engine, query, signal } = call
  const session = await findSession(call)
  const directory = makeDraft(engine.paths.data, ownIdentity())
  try {
    const directories = query.text('remote') === CLIENT_SESSION ? DIRECTORIES : undefined
    const sockets = makeInside(directory, 'sockets')
    using client = new SessionClient(session, directories, sockets, signal)
    const options = { ...readBuildOptions(query, archiveOf(call.body.stream)), client }
    await buildFromContext(call, options, (registry) => askCredentials(session, registry, signal))
  } finally {
    await clear(engine, directory)
  }
}

async function findSession({ service, query, signal }: Call): Promise<ClientSession> {
  try {
    return await sessionOf(service, query.text('session'), signal)
  } catch (error) {
    throw new ApiError(500, (error as Error).message)
  }
}

async function clear(engine: Engine, directory: string): Promise<void> {
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  await removeTrees(namespace, [directory]).catch(() => undefined)
}
