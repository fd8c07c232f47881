import type { Credentials } from '../../../lib/registry/credential.ts'
import { hasCode } from '../grpc/status.ts'
import {
  checkAgentRequest,
  credentialsRequest,
  credentialsResponse,
  getSecretRequest,
  getSecretResponse,
} from '../wire/types.ts'
import { type ClientSession, supports } from './session.ts'

const GET_SECRET = '/moby.buildkit.secrets.v1.Secrets/GetSecret'
const CREDENTIALS = '/moby.filesync.v1.Auth/Credentials'
const CHECK_AGENT = '/moby.sshforward.v1.SSH/CheckAgent'

/** The bytes of a client's secret; `undefined`: it has none of that name. Throws `GrpcError`. */
export async function askSecret(
  session: ClientSession,
  id: string,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  if (!supports(session, GET_SECRET)) return undefined
  try {
    const request = getSecretRequest.encode({ id })
    const answer = await session.grpc.unary(GET_SECRET, request, { signal })
    return Buffer.from(getSecretResponse.decode(answer).data)
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** Docker's own registry, as clients know it. */
const HUB = 'registry-1.docker.io'

/** What a client logs in with at a registry; `undefined`: it knows nothing of it. Throws `GrpcError`. */
export async function askCredentials(
  session: ClientSession,
  registry: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  if (!supports(session, CREDENTIALS)) return undefined
  const host = registry === 'docker.io' ? HUB : registry
  const request = credentialsRequest.encode({ host })
  const answer = await session.grpc.unary(CREDENTIALS, request, { signal })
  const { username, secret } = credentialsResponse.decode(answer)
  if (secret === '') return undefined
  return username === ''
    ? { kind: 'identity-token', token: secret }
    : { kind: 'password', username, password: secret }
}

/** Whether a client forwards an agent of this name. Throws `GrpcError` where it cannot be asked. */
export async function hasAgent(
  session: ClientSession,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (!supports(session, CHECK_AGENT)) return false
  try {
    await session.grpc.unary(CHECK_AGENT, checkAgentRequest.encode({ id }), { signal })
    return true
  } catch (error) {
    // Clients tell a name that they do not know as any other failure.
    if (hasCode(error, 'UNKNOWN') || hasCode(error, 'NOT_FOUND')) return false
    throw error
  }
}
