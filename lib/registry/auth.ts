import { LighterError } from '../core/errors.ts'
import { parseJson } from '../fs/read.ts'
import type { Credentials } from './credentials.ts'
import { send } from './http.ts'

const MAX_TOKEN = 1024 * 1024

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

/** The `Authorization` header that answers a challenge, `undefined` when there is nothing to answer with. */
export async function authorize(
  challenge: Challenge,
  credentials: Credentials | undefined,
  registry: URL,
  defaultScope: string,
): Promise<string | undefined> {
  if (challenge.scheme === 'basic') {
    return credentials?.kind === 'password' ? basic(credentials) : undefined
  }
  const realm = parseRealm(challenge.parameters.realm, registry)
  const { service } = challenge.parameters
  const scope = challenge.parameters.scope ?? defaultScope
  const query = new URLSearchParams({ ...(service ? { service } : {}), scope })
  return `Bearer ${await fetchToken(realm, query, credentials)}`
}

/** A password must not leave in clear text because a registry says so. */
function parseRealm(text: string | undefined, registry: URL): URL {
  const realm = text && URL.canParse(text) ? new URL(text) : undefined
  const plain = realm?.protocol === 'http:' && registry.protocol === 'http:'
  if (realm && (realm.protocol === 'https:' || plain)) return realm
  throw new LighterError('registry-protocol', `${registry.host} names no usable token service`)
}

async function fetchToken(
  realm: URL,
  query: URLSearchParams,
  credentials: Credentials | undefined,
): Promise<string> {
  const response =
    credentials?.kind === 'identity-token'
      ? await postRefresh(realm, query, credentials.token)
      : await getToken(realm, query, credentials)
  const bytes = await response.bytes(MAX_TOKEN)
  if (response.status !== 200) {
    const code = response.status === 401 || response.status === 403
    throw new LighterError(
      code ? 'registry-denied' : 'registry-unreachable',
      `${realm.host} gave no token: unexpected status code ${response.status}`,
    )
  }
  const answer = parseJson(bytes) as { token?: unknown; access_token?: unknown } | undefined
  const token = answer?.token ?? answer?.access_token
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token
  throw new LighterError('registry-protocol', `${realm.host} gave no token`)
}

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
  form.set('grant_type', 'refresh_token')
  form.set('refresh_token', token)
  form.set('client_id', 'lighter')
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return send({ method: 'POST', url: realm, headers, body: form.toString() })
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
