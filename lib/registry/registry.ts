import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { parseJson } from '../fs/read.ts'
import { MAX_MANIFEST, MEDIA_TYPES } from '../oci/image.ts'
import { familiarName, familiarReference, type Reference } from '../oci/reference.ts'
import { authorize, parseChallenge } from './auth.ts'
import { type Credentials, findCredentials } from './credentials.ts'
import { type HttpResponse, networkCode, send, unreachable } from './http.ts'
import { hasOwnAuthority, isLoopback } from './transport.ts'

const MAX_REDIRECTS = 10
const MAX_ERROR = 64 * 1024
const MAX_PORT = 65535
const ACCEPT = Object.values(MEDIA_TYPES).join(', ')

/** One repository of a registry, with the permission to pull from it. */
export interface Repository {
  /** Where a blob is, for messages. */
  blobUrl(digest: Digest): URL
  fetchManifest(selector: string): Promise<{ bytes: Buffer; mediaType: string }>
  /** Opens a blob from an offset on; `offset` is what the answer really begins with. */
  openBlob(
    digest: Digest,
    offset: number,
    signal?: AbortSignal,
  ): Promise<{ offset: number; response: HttpResponse }>
}

interface Session {
  reference: Reference
  origin: URL
  credentials: Credentials | undefined
  authorization: string | undefined
}

/** Finds how to speak to the registry of a reference; the first request asks for permission. */
export async function openRepository(
  reference: Reference,
  dockerConfig: string,
): Promise<Repository> {
  const session: Session = {
    reference,
    origin: await findOrigin(reference.registry),
    credentials: await findCredentials(dockerConfig, reference.registry),
    authorization: undefined,
  }
  return {
    blobUrl: (digest) => blobUrl(session, digest),
    fetchManifest: (selector) => fetchManifest(session, selector),
    openBlob: (digest, offset, signal) => openBlob(session, digest, offset, signal),
  }
}

/** Registries speak https. Only those on this machine may do without: there, plain http is tried first. */
async function findOrigin(registry: string): Promise<URL> {
  if (registry === 'docker.io') return new URL('https://registry-1.docker.io')
  const local = isLoopback(registry.replace(/:\d+$/, '')) && !hasOwnAuthority(registry)
  if (!URL.canParse(`https://${registry}`)) throw noAddress(local ? 'http' : 'https', registry)
  const secure = new URL(`https://${registry}`)
  if (!local) return secure
  const plain = new URL(`http://${registry}`)
  const url = new URL('/v2/', plain)
  try {
    const response = await send({ method: 'GET', url, headers: {}, attempts: 1 })
    response.body.destroy()
    return response.status === 400 ? secure : plain
  } catch (error) {
    const code = error instanceof Error ? networkCode(error.cause) : ''
    if (['UND_ERR_SOCKET', 'ECONNRESET'].includes(code) || code.startsWith('HPE_')) return secure
    throw unreachable({ method: 'GET', url }, error)
  }
}

/** What a reference may have for a host is more than an address can be. */
function noAddress(scheme: string, registry: string): LighterError {
  const [, host = '', port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(registry) ?? []
  const reason =
    Number(port) > MAX_PORT ? `address ${port}: invalid port` : `lookup ${host}: no such host`
  const message = `Get "${scheme}://${registry}/v2/": dial tcp: ${reason}`
  return new LighterError('registry-unreachable', message)
}

async function fetchManifest(session: Session, selector: string) {
  const url = new URL(`/v2/${session.reference.repository}/manifests/${selector}`, session.origin)
  const response = await request(session, url, { accept: ACCEPT })
  if (response.status !== 200) throw await manifestError(session, url, response)
  const bytes = await response.bytes(MAX_MANIFEST)
  return { bytes, mediaType: response.header('content-type') ?? '' }
}

const blobUrl = ({ reference, origin }: Session, digest: Digest): URL =>
  new URL(`/v2/${reference.repository}/blobs/${digest}`, origin)

async function openBlob(session: Session, digest: Digest, from: number, signal?: AbortSignal) {
  const url = blobUrl(session, digest)
  // Encoded bodies would neither fit the digest nor the ranges.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (from > 0) headers.range = `bytes=${from}-`
  const response = await request(session, url, headers, signal)
  if (response.status === 200) return { offset: 0, response }
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1]
    return { offset: start === undefined ? from : Number(start), response }
  }
  if (response.status === 416) {
    response.body.destroy()
    return openBlob(session, digest, 0, signal)
  }
  throw await statusError(session, url, response)
}

/** Sends with permission; asks for it (again) when the registry wants it. Redirected requests carry none elsewhere. */
async function request(
  session: Session,
  url: URL,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  const first = await follow(session, url, headers, signal)
  if (first.status !== 401) return first
  const challenge = parseChallenge(first.header('www-authenticate') ?? '')
  if (!challenge) return first
  const { repository } = session.reference
  const answer = await authorize(
    challenge,
    session.credentials,
    session.origin,
    `repository:${repository}:pull`,
  )
  if (answer === undefined) {
    first.body.destroy()
    throw new LighterError(
      'registry-denied',
      `Head "${url.origin}${url.pathname}": no basic auth credentials`,
    )
  }
  if (answer === session.authorization) return first
  first.body.destroy()
  session.authorization = answer
  return await follow(session, url, headers, signal)
}

async function follow(
  session: Session,
  from: URL,
  headers: Record<string, string>,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  let url = from
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    const { authorization } = session
    const mine = authorization && url.origin === session.origin.origin ? { authorization } : {}
    const response = await send({ method: 'GET', url, headers: { ...headers, ...mine }, signal })
    const location = response.header('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response
    response.body.destroy()
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
    const downgraded = url.protocol === 'https:' && next?.protocol !== 'https:'
    if (!next || downgraded || !/^https?:$/.test(next.protocol)) {
      throw new LighterError('registry-protocol', `${url.host} redirects to where we must not go`)
    }
    url = next
  }
  throw new LighterError('registry-protocol', `${from.host} redirects too often`)
}

async function manifestError(session: Session, url: URL, response: HttpResponse) {
  if (response.status !== 404) return await statusError(session, url, response)
  const said = await readErrors(response)
  if (said.startsWith('name unknown')) return deniedError(session.reference, said)
  const text = said || 'manifest unknown: manifest unknown'
  const name = familiarReference(session.reference)
  return new LighterError('registry-not-found', `manifest for ${name} not found: ${text}`)
}

async function statusError({ reference }: Session, url: URL, response: HttpResponse) {
  const { status } = response
  const said = await readErrors(response)
  if (status === 401 || status === 403)
    return deniedError(reference, said || 'denied: access denied')
  if (status === 404) {
    return new LighterError('registry-not-found', said || `${url.pathname} not found`)
  }
  if (status === 429) return new LighterError('registry-unreachable', said || 'toomanyrequests')
  return new LighterError(
    'registry-unreachable',
    `Get "${url.origin}${url.pathname}": received unexpected HTTP status: ${status}${said && `: ${said}`}`,
  )
}

const deniedError = (reference: Reference, said: string): LighterError =>
  new LighterError(
    'registry-denied',
    `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${said}`,
  )

/** `manifest unknown: manifest unknown`: the registry's first error in the words of Docker. */
async function readErrors(response: HttpResponse): Promise<string> {
  const body = parseJson(await response.bytes(MAX_ERROR).catch(() => undefined))
  const [first] =
    (body as { errors?: { code?: unknown; message?: unknown }[] } | null)?.errors ?? []
  if (typeof first?.code !== 'string') return ''
  const code = first.code.toLowerCase().replaceAll('_', ' ')
  return typeof first.message === 'string' ? `${code}: ${printable(first.message)}` : code
}

/** A registry's words on a user's terminal: no control characters, no novels. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '').slice(0, 300)
