import { LighterError } from '../core/errors.ts'
import { parseJson } from '../fs/read.ts'
import type { Credentials, RegistryToken } from './credential.ts'
import { errorIn } from './error-words.ts'
import { send } from './http.ts'

const MAX_TOKEN = 1024 * 1024
const CLIENT = 'lighter'

export interface Challenge {
  scheme: 'basic' | 'bearer'
  parameters: Readonly<Record<string, string>>
}

/** Parses `WWW-Authenticate`. The first scheme that we speak counts, bearer before basic. */
export function parseChallenge(header: string): Challenge | undefined {
  const bearer = /(?:^|,\s*)bearer\s+(.*)$/i.exec(header)
  if (bearer) return { scheme: 'bearer', parameters: parseParameters(bearer[1] ?? '') }
  return /(?:^|,\s*)basic\b/i.test(header) ? { scheme: 'basic', parameters: {} } : undefined
}

function parseParameters(text: string): Record<string, string> {
  const found = text.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)
  return Object.fromEntries(
    [...found].map(([, key = '', quoted, bare]) => [
      key.toLowerCase(),
      quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '',
    ]),
  )
}

/**
 * The `Authorization` header that answers a challenge, `undefined` when there is nothing to answer with. A token is asked for all
 * scopes that are wished, and for others that the challenge names.
 */
export async function authorize(
  challenge: Challenge,
  credentials: Credentials | RegistryToken | undefined,
  registry: URL,
  scopes: readonly string[],
): Promise<string | undefined> {
  if (challenge.scheme === 'basic') {
    return credentials?.kind === 'password' ? basic(credentials) : undefined
  }
  if (credentials?.kind === 'registry-token') return `Bearer ${credentials.token}`
  const realm = parseRealm(challenge.parameters.realm, registry)
  const { service } = challenge.parameters
  const query = new URLSearchParams(service ? { service } : {})
  const named = (challenge.parameters.scope ?? '').split(' ').filter((scope) => scope !== '')
  for (const scope of [...scopes, ...named.filter((scope) => !isCovered(scope, scopes))])
    query.append('scope', scope)
  return `Bearer ${await fetchToken(realm, query, credentials)}`
}

/** Whether something is asked of the same repository already. */
const isCovered = (scope: string, scopes: readonly string[]): boolean => {
  const resource = scope.slice(0, scope.lastIndexOf(':') + 1)
  return scopes.some((other) => other.startsWith(resource))
}

/** A password must not leave in clear text because a registry says so. */
function parseRealm(text: string | undefined, registry: URL): URL {
  const realm = text && URL.canParse(text) ? new URL(text) : undefined
  const plain = realm?.protocol === 'http:' && registry.protocol === 'http:'
  if (realm && (realm.protocol === 'https:' || plain)) return realm
  throw new LighterError('registry-protocol', `${registry.host} names no usable token service`)
}

/** What a token service gave: a token for now, and perhaps one that gets others later. */
interface Tokens {
  token: string
  refreshToken: string | undefined
}

/**
 * Logs in to a token service. Returns the identity token that it gives in place of a password, where it does.
 * Throws `registry-denied`, `registry-unreachable`, `registry-protocol`.
 */
export async function logInForToken(
  challenge: Challenge,
  credentials: Credentials,
  registry: URL,
): Promise<string | undefined> {
  const realm = parseRealm(challenge.parameters.realm, registry)
  const { service } = challenge.parameters
  const query = new URLSearchParams({ ...(service ? { service } : {}), offline_token: 'true' })
  query.set('client_id', CLIENT)
  return (await fetchTokens(realm, query, credentials)).refreshToken
}

const fetchToken = async (
  realm: URL,
  query: URLSearchParams,
  credentials: Credentials | undefined,
): Promise<string> => (await fetchTokens(realm, query, credentials)).token

async function fetchTokens(
  realm: URL,
  query: URLSearchParams,
  credentials: Credentials | undefined,
): Promise<Tokens> {
  const response =
    credentials?.kind === 'identity-token'
      ? await postRefresh(realm, query, credentials.token)
      : await getToken(realm, query, credentials)
  const bytes = await response.bytes(MAX_TOKEN)
  if (response.status !== 200) {
    const isRefusal = response.status === 401 || response.status === 403
    const said = isRefusal ? errorIn(bytes) : ''
    throw new LighterError(
      isRefusal ? 'registry-denied' : 'registry-unreachable',
      said || `${realm.host} gave no token: unexpected status code ${response.status}`,
    )
  }
  const answer = parseJson(bytes) as Partial<Record<string, unknown>> | null | undefined
  const token = answer?.token ?? answer?.access_token
  const refresh = answer?.refresh_token
  if (isToken(token)) return { token, refreshToken: isToken(refresh) ? refresh : undefined }
  throw new LighterError('registry-protocol', `${realm.host} gave no token`)
}

const isToken = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)

function getToken(realm: URL, query: URLSearchParams, credentials: Credentials | undefined) {
  const url = new URL(realm)
  for (const [key, value] of query) url.searchParams.append(key, value)
  const headers: Record<string, string> = {}
  if (credentials?.kind === 'password') {
    url.searchParams.set('account', credentials.username)
    headers.authorization = basic(credentials)
  }
  return send({ method: 'GET', url, headers })
}

function postRefresh(realm: URL, query: URLSearchParams, token: string) {
  const form = new URLSearchParams(query)
  form.set('scope', query.getAll('scope').join(' '))
  form.set('grant_type', 'refresh_token')
  form.set('refresh_token', token)
  form.set('client_id', CLIENT)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return send({ method: 'POST', url: realm, headers, body: form.toString() })
}

/** The header of a password. */
export const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
