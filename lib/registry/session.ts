import { LighterError } from '../core/errors.ts'
import { familiarName, type Reference } from '../oci/reference.ts'
import { authorize, parseChallenge } from './auth.ts'
import type { Credentials } from './credential.ts'
import { findCredentials } from './credentials.ts'
import { errorIn } from './error-words.ts'
import { type HttpBody, type HttpRequest, type HttpResponse, isPassing, send } from './http.ts'
import { findOrigin } from './origin.ts'
import { type Endpoint, findEndpoints } from './rules.ts'
import { readRules } from './rules-file.ts'

const MAX_REDIRECTS = 10
const MAX_ERROR = 64 * 1024
const NO_CREDENTIALS = 'no basic auth credentials'

/** One repository of a registry, and what we may do there. */
export interface Session {
  /** What the user asked for. */
  reference: Reference
  origin: URL
  /** Its path there: a mirror may have another. */
  repository: string
  credentials: Credentials | undefined
  authorization: string | undefined
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
}

/** The places that may have what a reference names, its own last. Throws `registry-denied`, `host-setup`. */
export const endpointsOf = async (
  reference: Reference,
  { config }: RegistryPaths,
): Promise<Endpoint[]> => findEndpoints(await readRules(config), reference)

/** Finds how to speak to a place that may have what a reference names; the first request asks for permission. */
export async function openSession(
  reference: Reference,
  { registry, repository, insecure }: Endpoint,
  { dockerConfig }: RegistryPaths,
  actions: 'pull' | 'pull,push' = 'pull',
): Promise<Session> {
  return {
    reference,
    origin: await findOrigin(registry, insecure),
    repository,
    credentials: await findCredentials(dockerConfig, registry, repository),
    authorization: undefined,
    scopes: [`repository:${repository}:${actions}`],
    pushes: actions !== 'pull',
  }
}

/** As `openSession`, with the place that the reference itself names: mirrors are for pulls of images. */
export async function openOwnSession(
  reference: Reference,
  paths: RegistryPaths,
  actions: 'pull' | 'pull,push' = 'pull',
): Promise<Session> {
  const endpoint = (await endpointsOf(reference, paths)).at(-1)
  if (!endpoint) throw new Error('a reference without a place')
  return await openSession(reference, endpoint, paths, actions)
}

/**
 * Sends with permission; asks for it (again) when the registry wants it. What is redirected elsewhere carries none, and what is
 * asked for elsewhere is not answered.
 */
export async function request(
  session: Session,
  url: URL,
  options: RegistryRequest = {},
): Promise<HttpResponse> {
  const used = session.authorization
  const { response: first, place } = await follow(session, url, options)
  if (first.status !== 401 || place.origin !== session.origin.origin) return first
  // Another request of this session may have got permission meanwhile.
  if (session.authorization === used && !(await askPermission(session, url, first))) return first
  if (session.authorization === used) return first
  first.body.destroy()
  return (await follow(session, url, options)).response
}

/** Answers the registry's challenge; `false`: there is none. Throws `registry-denied`. */
async function askPermission(session: Session, url: URL, first: HttpResponse): Promise<boolean> {
  const challenge = parseChallenge(first.header('www-authenticate') ?? '')
  if (!challenge) return false
  const { credentials, origin, scopes } = session
  const answer = await authorize(challenge, credentials, origin, scopes)
  if (answer === undefined) {
    first.body.destroy()
    const where = `${url.origin}${url.pathname}`
    throw new LighterError(
      'registry-denied',
      session.pushes ? NO_CREDENTIALS : `Head "${where}": ${NO_CREDENTIALS}`,
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
    const { authorization } = session
    const mine = authorization && url.origin === session.origin.origin ? { authorization } : {}
    const response = await send({ method, url, headers: { ...headers, ...mine }, ...rest })
    const location = response.header('location')
    if (!isRedirect(method, response.status) || !location) return { response, place: url }
    response.body.destroy()
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
  method = 'Get',
): Promise<LighterError> {
  const { status } = response
  const said = await readErrors(response)
  if (status === 401 || status === 403) return deniedError(session, said || 'denied: access denied')
  if (status === 404) {
    return new LighterError('registry-not-found', said || `${url.pathname} not found`)
  }
  if (status === 429) return new LighterError('registry-unreachable', said || 'toomanyrequests')
  return new LighterError(
    isPassing(status) ? 'registry-unreachable' : 'registry-protocol',
    `${method} "${url.origin}${url.pathname}": received unexpected HTTP status: ${status}${said && `: ${said}`}`,
  )
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
