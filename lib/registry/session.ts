import { LighterError } from '../core/errors.ts'
import { familiarName, type Reference } from '../oci/reference.ts'
import { authorize, parseChallenge } from './auth.ts'
import type { Credentials, FindCredentials, RegistryToken } from './credential.ts'
import { findCredentials } from './credentials.ts'
import { errorIn, parseFailure } from './error-words.ts'
import { type HttpBody, type HttpRequest, type HttpResponse, isPassing, send } from './http.ts'
import { decidePlace, type Place, placeOf, sendFirst } from './origin.ts'
import { type Endpoint, findEndpoints } from './rules.ts'
import { readRules } from './rules-file.ts'

const MAX_REDIRECTS = 10
const MAX_ERROR = 64 * 1024
/** What is said where a registry wants to know who asks, and nobody does. */
export const NO_CREDENTIALS = 'no basic auth credentials'
const DENIED = 'denied: requested access to the resource is denied'
const UNAUTHORIZED = 'unauthorized: authentication required'

/** One repository of a registry, and what we may do there. */
export interface Session extends Place {
  /** What the user asked for. */
  reference: Reference
  /** Its path there: a mirror may have another. */
  repository: string
  credentials: Credentials | RegistryToken | undefined
  authorization: string | undefined
  /** Permission that is being asked for: what goes on beside it waits for the same. */
  asking: Promise<boolean> | undefined
  /** What a token is asked for: `repository:debian:pull,push`. */
  scopes: string[]
  /** Not only pulls: Docker tells a refusal in other words. */
  pushes: boolean
}

export interface RegistryRequest {
  method?: HttpRequest['method']
  headers?: Record<string, string>
  body?: HttpBody
  signal?: AbortSignal | undefined
  /** Attempts in all; the usual number when absent. */
  attempts?: number
  /** Milliseconds that an answer may take; as for every other request when absent. */
  patience?: number
}

/** Where the user says how registries are to be spoken to. */
export interface RegistryPaths {
  /** The directory of Docker's configuration. */
  dockerConfig: string
  /** lighter's own config.json. */
  config: string
  /** Takes the place of what Docker's configuration knows: for somebody who brings credentials of his own. */
  credentials?: FindCredentials | undefined
}

/** The places that may have what a reference names, its own last. Throws `registry-denied`, `host-setup`. */
export const endpointsOf = async (
  reference: Reference,
  { config }: RegistryPaths,
): Promise<Endpoint[]> => findEndpoints(await readRules(config), reference)

/**
 * Begins to speak to a place that may have what a reference names; the first request asks for permission, and whether it has to be
 * with TLS. Until then `other` of the session is set.
 */
export async function openSession(
  reference: Reference,
  { registry, repository, insecure }: Endpoint,
  paths: RegistryPaths,
  actions: 'pull' | 'pull,push' = 'pull',
): Promise<Session> {
  return {
    reference,
    ...placeOf(registry, insecure),
    repository,
    credentials: await credentialsFor(paths, registry, repository),
    authorization: undefined,
    asking: undefined,
    scopes: [`repository:${repository}:${actions}`],
    pushes: actions !== 'pull',
  }
}

/** What there is to log in with at a registry. Throws `registry-denied` for a helper that fails. */
export const credentialsFor = (
  { dockerConfig, credentials }: RegistryPaths,
  registry: string,
  repository?: string,
): Promise<Credentials | RegistryToken | undefined> =>
  credentials
    ? credentials(registry, repository)
    : findCredentials(dockerConfig, registry, repository)

/**
 * As `openSession`, with the place that the reference itself names: mirrors are for pulls of images. `insecure`: the user says so of this
 * call, whatever the rules say.
 */
export async function openOwnSession(
  reference: Reference,
  paths: RegistryPaths,
  actions: 'pull' | 'pull,push' = 'pull',
  insecure = false,
): Promise<Session> {
  const endpoint = (await endpointsOf(reference, paths)).at(-1)
  if (!endpoint) throw new Error('a reference without a place')
  const place = { ...endpoint, insecure: endpoint.insecure || insecure }
  const session = await openSession(reference, place, paths, actions)
  await decidePlace(session)
  return session
}

/**
 * Sends with permission; asks for it (again) when the registry wants it. What is redirected elsewhere carries none, and what is
 * asked for elsewhere is not answered.
 */
export async function request(
  session: Session,
  from: URL,
  options: RegistryRequest = {},
): Promise<HttpResponse> {
  const { authorization: used, origin: before } = session
  const { response: first, place } = await follow(session, from, options)
  const url = moved(from, before, session)
  if (first.status !== 401 || place.origin !== session.origin.origin) return first
  // Another request of this session may have got permission meanwhile.
  if (session.authorization === used) {
    session.asking ??= askPermission(session, url, first).finally(() => {
      session.asking = undefined
    })
    if (!(await session.asking)) return first
  }
  if (session.authorization === used) return first
  await first.discard()
  return (await follow(session, url, options)).response
}

/** Where something is now that was thought to be at the other of two places. */
const moved = (url: URL, before: URL, { origin }: Session): URL =>
  origin === before || url.origin !== before.origin
    ? url
    : new URL(`${url.pathname}${url.search}`, origin)

/** Answers the registry's challenge; `false`: there is none. Throws `registry-denied`. */
async function askPermission(session: Session, url: URL, first: HttpResponse): Promise<boolean> {
  const challenge = parseChallenge(first.header('www-authenticate') ?? '')
  if (!challenge) return false
  const { credentials, origin, scopes } = session
  const answer = await authorize(challenge, credentials, origin, scopes)
  if (answer === undefined) {
    await first.discard()
    const where = `${url.origin}${url.pathname}`
    const verb = url.pathname.endsWith('/tags/list') ? 'Get' : 'Head'
    throw new LighterError(
      'registry-denied',
      session.pushes ? NO_CREDENTIALS : `${verb} "${where}": ${NO_CREDENTIALS}`,
    )
  }
  session.authorization = answer
  return true
}

async function follow(
  session: Session,
  from: URL,
  { method = 'GET', headers = {}, ...rest }: RegistryRequest,
): Promise<{ response: HttpResponse; place: URL }> {
  let url = from
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    const { authorization, origin } = session
    const mine = authorization && url.origin === origin.origin ? { authorization } : {}
    const message = { method, url, headers: { ...headers, ...mine }, ...rest }
    const first = session.other && (await sendFirst(session, message))
    url = moved(url, origin, session)
    const response = first ?? (await send({ ...message, url }))
    const location = response.header('location')
    if (!isRedirect(method, response.status) || !location) return { response, place: url }
    await response.discard()
    url = resolveLocation(url, location)
  }
  throw new LighterError('registry-protocol', `${from.host} redirects too often`)
}

/** What changes something is sent on only where the answer says that it is to stay what it is. */
const isRedirect = (method: string, status: number): boolean =>
  (method === 'GET' || method === 'HEAD' ? [301, 302, 303, 307, 308] : [307, 308]).includes(status)

/** Where a `Location` leads: never from TLS to what has none. Throws `registry-protocol`. */
export function resolveLocation(from: URL, location: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  const downgraded = from.protocol === 'https:' && next?.protocol !== 'https:'
  if (next && !downgraded && /^https?:$/.test(next.protocol)) return next
  throw new LighterError('registry-protocol', `${from.host} redirects to where we must not go`)
}

/** The error of an answer that is none of those that were hoped for. */
export async function statusError(
  session: Session,
  url: URL,
  response: HttpResponse,
): Promise<LighterError> {
  const { status } = response
  const body = await response.bytes(MAX_ERROR).catch(() => undefined)
  const said = errorIn(body)
  if (status === 401 || status === 403) return refusal(session, response, said)
  if (status === 404) {
    return new LighterError('registry-not-found', said || `${url.pathname} not found`)
  }
  const code = isPassing(status) ? 'registry-unreachable' : 'registry-protocol'
  if (status < 400 || status >= 500) {
    const name = process.getBuiltinModule('node:http').STATUS_CODES[status] ?? ''
    return new LighterError(code, `received unexpected HTTP status: ${status} ${name}`.trimEnd())
  }
  if (said) return new LighterError(code, said)
  const why = parseFailure(body)
  return new LighterError(code, `error parsing HTTP ${status} response body: ${why}`)
}

/** What was known and is not enough is denied, whatever the body says; who is not known at all is told so. */
function refusal(session: Session, response: HttpResponse, said: string): LighterError {
  const isKnown = /insufficient_scope/.test(response.header('www-authenticate') ?? '')
  if (response.status === 403 || session.pushes) return deniedError(session, said || DENIED)
  if (isKnown) return deniedError(session, DENIED)
  return new LighterError('registry-denied', said || UNAUTHORIZED)
}

/** Docker's sentence for what the registry refuses. */
export const deniedError = ({ reference, pushes }: Session, said: string): LighterError =>
  new LighterError(
    'registry-denied',
    pushes
      ? said
      : `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${said}`,
  )

/** The registry's first error in the words of Docker. */
export const readErrors = async (response: HttpResponse): Promise<string> =>
  errorIn(await response.bytes(MAX_ERROR).catch(() => undefined))
