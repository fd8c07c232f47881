import type { IncomingHttpHeaders } from 'node:http'
import { parseJson } from '../../lib/fs/read.ts'
import type { Credentials, FindCredentials, RegistryToken } from '../../lib/registry/credential.ts'
import { credentialKey, findCredentials } from '../../lib/registry/credentials.ts'

type Known = Credentials | RegistryToken

/** Where mirrors are looked up, which a client knows nothing of. */
interface Fallback {
  dockerConfig: string
}

/**
 * What a client sends along to log in with at one registry, in `X-Registry-Auth`. `undefined` where it sends no such header, then it
 * is the user's own that count. One that says nothing is nobody, as to Docker's daemon. What is sent is for this registry alone: its
 * mirrors are the user's matter, and get what the user has for them.
 */
export function credentialsIn(
  headers: IncomingHttpHeaders,
  registry: string,
  { dockerConfig }: Fallback,
): FindCredentials | undefined {
  const given = headerText(headers, 'x-registry-auth')
  if (given === undefined) return undefined
  const known = parseAuth(decode(given))
  const key = credentialKey(registry)
  return async (place, repository) =>
    credentialKey(place) === key ? known : await findCredentials(dockerConfig, place, repository)
}

/** As `credentialsIn`, for whatever registry is asked. */
export function anyCredentialsIn(headers: IncomingHttpHeaders): FindCredentials | undefined {
  const given = headerText(headers, 'x-registry-auth')
  if (given === undefined) return undefined
  const known = parseAuth(decode(given))
  return async () => known
}

/**
 * What a client sends along for a build, by registry, in `X-Registry-Config`. `undefined` where it sends no such header. A registry that
 * is not named gets nothing.
 */
export function allCredentialsIn(headers: IncomingHttpHeaders): FindCredentials | undefined {
  const given = headerText(headers, 'x-registry-config')
  if (given === undefined) return undefined
  const document = decode(given)
  const entries = isObject(document) ? Object.entries(document) : []
  const byKey = new Map(entries.map(([name, auth]) => [credentialKey(name), parseAuth(auth)]))
  return async (place) => byKey.get(credentialKey(place))
}

/** A document of Docker's type `AuthConfig`; `undefined` where it says nothing that can be used. */
export function parseAuth(document: unknown): Known | undefined {
  if (!isObject(document)) return undefined
  const { registrytoken, identitytoken, auth } = document
  if (isToken(registrytoken)) return { kind: 'registry-token', token: registrytoken }
  if (typeof identitytoken === 'string' && identitytoken !== '')
    return { kind: 'identity-token', token: identitytoken }
  const { username, password } = document
  if (typeof username === 'string' && username !== '' && typeof password === 'string') {
    return { kind: 'password', username, password }
  }
  return typeof auth === 'string' ? parsePair(auth) : undefined
}

/** `user:password` in base64, as it stands in Docker's configuration. */
function parsePair(auth: string): Known | undefined {
  const [, username, password] =
    /^([^:]+):([\s\S]*)$/.exec(Buffer.from(auth, 'base64').toString('utf8')) ?? []
  return username && password !== undefined ? { kind: 'password', username, password } : undefined
}

/** A JSON document in base64, of either alphabet; what is none says nothing. */
const decode = (text: string): unknown => parseJson(Buffer.from(text, 'base64'))

function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  const text = Array.isArray(value) ? value[0] : value
  return text === '' ? undefined : text
}

/** It goes into a header. */
const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
