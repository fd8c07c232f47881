import { STATUS_CODES } from 'node:http'
import { LighterError } from '../core/errors.ts'
import { basic, logInForToken, parseChallenge } from './auth.ts'
import type { Credentials } from './credential.ts'
import { send } from './http.ts'
import { findOrigin } from './origin.ts'
import { endpointsOf, type RegistryPaths, readErrors } from './session.ts'
import { closeConnections } from './transport.ts'

/**
 * Asks a registry whether it takes the credentials. Returns those to be kept: an identity token where the registry gives one
 * for a password. Throws `registry-denied` and what the network does.
 */
export async function logIn(
  registry: string,
  credentials: Credentials,
  paths: RegistryPaths,
): Promise<Credentials> {
  try {
    const whole = { registry, repository: '', tag: undefined, digest: undefined }
    const insecure = (await endpointsOf(whole, paths)).at(-1)?.insecure
    const url = new URL('/v2/', await findOrigin(registry, insecure))
    const first = await send({ method: 'GET', url, headers: {} })
    const challenge = parseChallenge(first.header('www-authenticate') ?? '')
    // One that asks for nothing takes everything, and Docker keeps it.
    if (first.status === 200) {
      first.body.destroy()
      return credentials
    }
    if (first.status !== 401 || !challenge) throw await refused(url, first)
    first.body.destroy()
    if (challenge.scheme === 'bearer') {
      const token = await logInForToken(challenge, credentials, url)
      if (token === undefined || credentials.kind !== 'password') return credentials
      return { kind: 'identity-token', token, username: credentials.username }
    }
    if (credentials.kind !== 'password') throw await refused(url, first)
    const headers = { authorization: basic(credentials) }
    const second = await send({ method: 'GET', url, headers })
    if (second.status !== 200) throw await refused(url, second)
    second.body.destroy()
    return credentials
  } finally {
    await closeConnections()
  }
}

async function refused(
  url: URL,
  response: Awaited<ReturnType<typeof send>>,
): Promise<LighterError> {
  const { status } = response
  await readErrors(response)
  return new LighterError(
    'registry-denied',
    `login attempt to ${url.href} failed with status: ${status} ${STATUS_CODES[status] ?? ''}`.trim(),
  )
}
