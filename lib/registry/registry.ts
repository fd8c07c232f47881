import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import { MAX_MANIFEST, MEDIA_TYPES } from '../oci/image.ts'
import { familiarReference, type Reference } from '../oci/reference.ts'
import { isTimeout } from './exchange.ts'
import type { HttpResponse } from './http.ts'
import {
  deniedError,
  endpointsOf,
  openSession,
  type RegistryPaths,
  readErrors,
  request,
  type Session,
  statusError,
} from './session.ts'

const ACCEPT = Object.values(MEDIA_TYPES).join(', ')

/** The bytes of a blob on their way. */
export interface OpenBlob {
  /** What they really begin with: at most what was asked for. */
  offset: number
  response: HttpResponse
  /** Who sends them. */
  place: number
}

/** One repository of a registry, with the permission to pull from it; mirrors and its own place are one repository. */
export interface Repository {
  /** Which of the places that may have it is asked now; changes when `moveOn` leaves one. */
  readonly place: number
  /** Where a blob is, for messages. */
  blobUrl(digest: Digest): URL
  /** The digest that a name has now, without what is behind it; `undefined`: the registry does not tell. */
  findDigest(selector: string): Promise<Digest | undefined>
  fetchManifest(selector: string): Promise<{ bytes: Buffer; mediaType: string }>
  /** Opens a blob from an offset on, at the first place from the present one on that has it. */
  openBlob(digest: Digest, offset: number, signal?: AbortSignal): Promise<OpenBlob>
  /** Leaves a place that failed for the next one; `false`: there is no other. */
  moveOn(failed: number): boolean
}

/**
 * Finds where to pull a reference from; the first request asks for permission. The first place that has the manifest, a mirror
 * perhaps, is asked for everything, until it fails.
 */
export async function openRepository(
  reference: Reference,
  paths: RegistryPaths,
): Promise<Repository> {
  const endpoints = await endpointsOf(reference, paths)
  const sessions = new Map<number, Promise<Session>>()
  let place = 0
  let origin: Session | undefined
  const open = async (): Promise<Session> => {
    const endpoint = endpoints[place]
    if (!endpoint) throw new Error('a reference without a place')
    const session = sessions.get(place) ?? openSession(reference, endpoint, paths)
    sessions.set(place, session)
    origin = await session
    return origin
  }
  const moveOn = (failed: number): boolean => {
    if (failed === place && failed < endpoints.length - 1) place += 1
    return failed < place
  }
  /** Asks one place after the other. */
  const ask = async <Answer>(
    work: (session: Session, asked: number) => Promise<Answer>,
  ): Promise<Answer> => {
    for (;;) {
      const asked = place
      try {
        return await work(await open(), asked)
      } catch (error) {
        if (!(error instanceof LighterError) || !moveOn(asked)) throw error
      }
    }
  }
  return {
    get place() {
      return place
    },
    blobUrl: (digest) => {
      if (origin) return blobUrl(origin, digest)
      throw new Error('no place has been asked')
    },
    findDigest: (selector) => ask((session) => findDigest(session, selector)),
    fetchManifest: (selector) => ask((session) => fetchManifest(session, selector)),
    openBlob: (digest, offset, signal) =>
      ask(async (session, asked) => ({
        ...(await openBlob(session, digest, offset, signal)),
        place: asked,
      })),
    moveOn,
  }
}

/**
 * Registries that count pulls do not count this. What goes wrong here is told by the request for the manifest itself, with all its
 * attempts; only where nothing is heard at all nobody waits twice.
 */
async function findDigest(session: Session, selector: string): Promise<Digest | undefined> {
  const url = manifestUrl(session, selector)
  const options = { method: 'HEAD', headers: { accept: ACCEPT }, attempts: 1 } as const
  const response = await request(session, url, options).catch((error: unknown) => {
    const isHeard = session.other === undefined && !isTimeout((error as Error).cause)
    if (error instanceof LighterError && isHeard) return undefined
    throw error
  })
  await response?.discard()
  const digest = response?.header('docker-content-digest')
  return response?.status === 200 && digest && isDigest(digest) ? digest : undefined
}

const manifestUrl = ({ repository, origin }: Session, selector: string): URL =>
  new URL(`/v2/${repository}/manifests/${selector}`, origin)

async function fetchManifest(session: Session, selector: string) {
  const url = manifestUrl(session, selector)
  const response = await request(session, url, { headers: { accept: ACCEPT } })
  if (response.status !== 200) throw await manifestError(session, url, response)
  const bytes = await response.bytes(MAX_MANIFEST)
  return { bytes, mediaType: response.header('content-type') ?? '' }
}

/** Where a blob is. */
export const blobUrl = ({ repository, origin }: Session, digest: Digest): URL =>
  new URL(`/v2/${repository}/blobs/${digest}`, origin)

async function openBlob(session: Session, digest: Digest, from: number, signal?: AbortSignal) {
  const url = blobUrl(session, digest)
  // Encoded bodies would neither fit the digest nor the ranges.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (from > 0) headers.range = `bytes=${from}-`
  const response = await request(session, url, { headers, signal })
  if (response.status === 200) return { offset: 0, response }
  const start = response.status === 206 ? startOf(response) : undefined
  if (start !== undefined && start <= from) return { offset: start, response }
  // A range that begins elsewhere, or is none, says that ranges are not understood here.
  if ((response.status === 206 || response.status === 416) && from > 0) {
    response.body.destroy()
    return openBlob(session, digest, 0, signal)
  }
  if (response.status !== 404) throw await statusError(session, url, response)
  await response.discard()
  throw new LighterError('registry-not-found', 'unknown blob')
}

/** What an answer with a part begins with. */
export function startOf(response: HttpResponse): number | undefined {
  const start = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1]
  return start === undefined ? undefined : Number(start)
}

async function manifestError(session: Session, url: URL, response: HttpResponse) {
  if (response.status !== 404) return await statusError(session, url, response)
  const said = await readErrors(response)
  if (said.startsWith('name unknown')) return deniedError(session, said)
  const text = said || 'manifest unknown: manifest unknown'
  const name = familiarReference(session.reference)
  return new LighterError('registry-not-found', `manifest for ${name} not found: ${text}`)
}
