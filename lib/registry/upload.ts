import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Reference } from '../oci/reference.ts'
import { type HttpResponse, isPassing, pause } from './http.ts'
import { blobUrl } from './registry.ts'
import {
  openOwnSession,
  type RegistryPaths,
  request,
  resolveLocation,
  type Session,
  statusError,
} from './session.ts'
import { isLoopback } from './transport.ts'

const ATTEMPTS = 5
/** So much is sent at a time: what a registry has answered for it has for good, and docker-registry knows of no half ones. */
const CHUNK = 32 * 1024 * 1024
/** Milliseconds: what was sent may still be on its way, and a registry may look at all of it before it answers. */
const PATIENCE = 10 * 60_000
/** A blob up to this size goes in the request that ends its upload: two requests in place of three. */
const SMALL = 64 * 1024

/** One repository of a registry, with the permission to push to it. */
export interface PushTarget {
  hasBlob(digest: Digest, signal?: AbortSignal): Promise<boolean>
  /** Takes a blob over from another repository of the registry; `undefined`: not from any of those. */
  mountBlob(
    digest: Digest,
    sources: readonly string[],
    signal?: AbortSignal,
  ): Promise<string | undefined>
  uploadBlob(blob: Descriptor, source: BlobSource): Promise<void>
  putManifest(tag: string, mediaType: string, bytes: Buffer): Promise<void>
}

export interface BlobSource {
  /** Its bytes from one offset to before another. */
  open(from: number, end: number): Readable
  /** How many bytes were sent; less than before when a part is sent again. */
  onSent(bytes: number): void
  signal?: AbortSignal | undefined
}

/** Finds how to push to the repository of a reference; the first request asks for permission. */
export async function openPushTarget(
  reference: Reference,
  paths: RegistryPaths,
  insecure = false,
): Promise<PushTarget> {
  const session = await openOwnSession(reference, paths, 'pull,push', insecure)
  // As Docker's client: one that is not there is told of before anything else.
  const base = new URL('/v2/', session.origin)
  if (!isLoopback(base.hostname)) {
    const response = await request(session, base)
    await response.discard()
  }
  /** Of the repositories to take blobs over from: one token does for all blobs of one. */
  const wider = new Map<string, Session>()
  return {
    hasBlob: (digest, signal) => hasBlob(session, digest, signal),
    mountBlob: (digest, sources, signal) => mountBlob(session, wider, digest, sources, signal),
    uploadBlob: (blob, source) => uploadBlob(session, blob, source),
    putManifest: (tag, mediaType, bytes) => putManifest(session, tag, mediaType, bytes),
  }
}

/** A registry that does not let us look gets what it perhaps has: it is what may be written that counts. */
async function hasBlob(
  session: Session,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const url = blobUrl(session, digest)
  const response = await request(session, url, { method: 'HEAD', signal })
  await response.discard()
  if (isPassing(response.status)) throw await statusError(session, url, response)
  return response.status === 200
}

/** The registry may want to see that the other repository may be read: a token is asked for both. */
async function mountBlob(
  session: Session,
  wider: Map<string, Session>,
  digest: Digest,
  sources: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  for (const from of sources) {
    const both = wider.get(from) ?? widen(session, from)
    wider.set(from, both)
    const url = uploadsUrl(session)
    url.searchParams.set('mount', digest)
    url.searchParams.set('from', from)
    const response = await request(both, url, { method: 'POST', signal }).catch(
      (error: unknown) => {
        // Whoever does not answer this does not answer for the other repositories either.
        if (error instanceof LighterError && error.code === 'registry-unreachable') throw error
        if (signal?.aborted) throw error
      },
    )
    await response?.discard()
    if (response?.status === 201) return from
    if (response?.status === 202) await abandon(session, url, response)
  }
  return undefined
}

function widen(session: Session, from: string): Session {
  const scopes = [...new Set([...session.scopes, `repository:${from}:pull`])]
  // The present token knows nothing of the other one.
  const isToken = session.authorization?.startsWith('Bearer ')
  const authorization = isToken ? undefined : session.authorization
  return { ...session, scopes, authorization, asking: undefined }
}

/** What a refused mount has begun is not wanted: it would lie there until the registry cleans up. */
async function abandon(session: Session, url: URL, response: HttpResponse): Promise<void> {
  const location = response.header('location')
  if (!location) return
  await request(session, resolveLocation(url, location), { method: 'DELETE', attempts: 1 })
    .then(({ body }) => body.destroy())
    .catch(() => undefined)
}

const uploadsUrl = ({ repository, origin }: Session): URL =>
  new URL(`/v2/${repository}/blobs/uploads/`, origin)

/** Sends a blob; what the registry says that it has got of it when the connection breaks is not sent again. */
async function uploadBlob(session: Session, blob: Descriptor, source: BlobSource): Promise<void> {
  const { signal } = source
  const upload = { place: await begin(session, signal) }
  let most = 0
  for (let attempt = 1, at: number | undefined = 0; ; attempt += 1) {
    try {
      if (attempt > 1) at = await received(session, upload.place, signal)
      // A registry that has got more than there is has got something else.
      if (at !== undefined && at > blob.size) at = undefined
      if (at === undefined) {
        // An upload that is not there any more may have been ended: only the answer to that was lost.
        if (await hasBlob(session, blob.digest, signal)) return
        upload.place = await begin(session, signal)
      }
      // What goes on is no failure in a row.
      if (at !== undefined && at > most) attempt = 1
      most = Math.max(most, at ?? 0)
      if (!at && blob.size <= SMALL) return await finish(session, upload.place, blob, source)
      await sendRest(session, upload, blob, source, at ?? 0)
      return await finish(session, upload.place, blob, { signal })
    } catch (error) {
      if (signal?.aborted || attempt >= ATTEMPTS || !mayPass(error)) throw error
      await pause(attempt, undefined, signal)
    }
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof LighterError && error.code === 'registry-unreachable'

async function begin(session: Session, signal: AbortSignal | undefined): Promise<URL> {
  const url = uploadsUrl(session)
  const response = await request(session, url, { method: 'POST', signal })
  return await nextPlace(session, url, response)
}

/** How many bytes of an upload the registry has; `undefined` when it knows nothing of it any more. */
async function received(
  session: Session,
  place: URL,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const response = await request(session, place, { signal })
  await response.discard()
  if (response.status !== 204) return undefined
  const last = /^(?:bytes=)?0-(\d+)$/.exec(response.header('range') ?? '')?.[1]
  // `0-0` is said of nothing and of one byte.
  return last === undefined || last === '0' ? undefined : Number(last) + 1
}

/** Where an upload goes on: the registry says so after each piece. */
interface Upload {
  place: URL
}

async function sendRest(
  session: Session,
  upload: Upload,
  blob: Descriptor,
  source: BlobSource,
  from: number,
): Promise<void> {
  for (let at = from; at < blob.size; at += CHUNK) {
    const end = Math.min(at + CHUNK, blob.size)
    const isWhole = at === 0 && end === blob.size
    const response = await request(session, upload.place, {
      method: 'PATCH',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(end - at),
        ...(isWhole ? {} : { 'content-range': `${at}-${end - 1}` }),
      },
      body: () => counted(source, at, end),
      signal: source.signal,
      attempts: 1,
      patience: PATIENCE,
    })
    upload.place = await nextPlace(session, upload.place, response)
  }
}

function counted(source: BlobSource, from: number, end: number): Readable {
  const stream = source.open(from, end)
  let sent = from
  source.onSent(sent)
  stream.on('data', (chunk: Buffer) => {
    sent += chunk.length
    source.onSent(sent)
  })
  // Listening began the flow: whoever sends it begins it again.
  return stream.pause()
}

/** Ends an upload; with a source the whole blob goes with it. */
async function finish(
  session: Session,
  place: URL,
  blob: Descriptor,
  source: BlobSource | Pick<BlobSource, 'signal'>,
): Promise<void> {
  const url = new URL(place)
  url.searchParams.set('digest', blob.digest)
  const whole = 'open' in source && blob.size > 0 ? source : undefined
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(whole ? blob.size : 0),
  }
  const response = await request(session, url, {
    ...{ method: 'PUT', headers, attempts: 1, patience: PATIENCE, signal: source.signal },
    ...(whole ? { body: () => counted(whole, 0, blob.size) } : {}),
  })
  if (isDone(response.status)) return void (await response.discard())
  // The answer to an earlier one was lost, perhaps.
  if (response.status === 404 && (await hasBlob(session, blob.digest, source.signal))) return
  const error = await statusError(session, place, response)
  if (response.status !== 404) throw error
  throw new LighterError('registry-unreachable', error.message, { cause: error })
}

const isDone = (status: number): boolean => status >= 200 && status < 300

async function nextPlace(session: Session, url: URL, response: HttpResponse): Promise<URL> {
  const location = response.header('location')
  if (!isDone(response.status)) throw await statusError(session, url, response)
  await response.discard()
  if (location) return resolveLocation(url, location)
  throw new LighterError('registry-protocol', `${url.host} does not say where an upload goes`)
}

async function putManifest(
  session: Session,
  tag: string,
  mediaType: string,
  bytes: Buffer,
): Promise<void> {
  const url = new URL(`/v2/${session.repository}/manifests/${tag}`, session.origin)
  const headers = { 'content-type': mediaType }
  const response = await request(session, url, { method: 'PUT', headers, body: bytes })
  if (!isDone(response.status)) throw await statusError(session, url, response)
  await response.discard()
}
