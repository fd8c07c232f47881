import type { Readable } from 'node:stream'
import type { Engine } from '../../lib/engine.ts'
import { makeDraft } from '../../lib/fs/drafts.ts'
import { ownIdentity } from '../../lib/host/process.ts'
import type { FindCredentials } from '../../lib/registry/credential.ts'
import { removeTrees } from '../../lib/runtime/userns.ts'
import { GrpcError } from '../buildkit/grpc/status.ts'
import { SessionClient } from '../buildkit/job/client.ts'
import {
  makeInside,
  type PlannedOutput,
  planOutputs,
  sendOutputs,
} from '../buildkit/job/outputs.ts'
import { askCredentials } from '../buildkit/session/attached.ts'
import type { ClientSession } from '../buildkit/session/session.ts'
import { sessionOf } from '../buildkit/state.ts'
import type { Call } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'
import type { Query } from '../http/query.ts'
import { archiveOf } from '../images/archive.ts'
import { buildFromContext } from './from-context.ts'
import { CLIENT_SESSION, readBuildOptions, readOutputs } from './options.ts'
import { takeUpload, UPLOAD_REQUEST } from './uploads.ts'

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
    const context = await contextOf(call)
    try {
      const outputs = plan(query, directory)
      const specs = outputs.map(({ spec }) => spec)
      const options = { ...readBuildOptions(query, context, specs), client }
      const find: FindCredentials = (registry) => askCredentials(session, registry, signal)
      await buildFromContext(call, options, find, () => sendOutputs(outputs, session, signal))
    } finally {
      // Whoever brings it waits for that.
      context.destroy()
    }
  } finally {
    await clear(engine, directory)
  }
}

/** Where a client puts what it gets is its own matter. */
function plan(query: Query, directory: string): PlannedOutput[] {
  const exporters = readOutputs(query).map(({ type, attrs: { dest: _, ...attrs } }) => ({
    type,
    attrs,
  }))
  try {
    return planOutputs({ exporters, exporterType: '', exporterAttrs: {} }, directory)
  } catch (error) {
    throw error instanceof GrpcError ? badRequest(error.message) : error
  }
}

/** What is read as an archive: of this request, or of another one that brings it. */
const contextOf = async ({ service, query, body }: Call): Promise<Readable> =>
  query.text('remote') === UPLOAD_REQUEST
    ? await takeUpload(service, query.text('buildid'))
    : archiveOf(body.stream)

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
