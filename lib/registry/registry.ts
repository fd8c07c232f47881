import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { MAX_MANIFEST, MEDIA_TYPES } from '../oci/image.ts'
import { familiarReference, type Reference } from '../oci/reference.ts'
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

/**
 * Finds where to pull a reference from; the first request asks for permission. The first place that has the manifest, a mirror
 * perhaps, has everything.
 */
export async function openRepository(
  reference: Reference,
  paths: RegistryPaths,
): Promise<Repository> {
  const endpoints = await endpointsOf(reference, paths)
  let session: Session | undefined
  const chosen = (): Session => {
    if (session) return session
    throw new Error('no manifest has been asked for')
  }
  const choose = async (selector: string) => {
    for (const [index, endpoint] of endpoints.entries()) {
      try {
        const candidate = await openSession(reference, endpoint, paths)
        const answer = await fetchManifest(candidate, selector)
        session = candidate
        return answer
      } catch (error) {
        if (!(error instanceof LighterError) || index === endpoints.length - 1) throw error
      }
    }
    throw new Error('no place to look for an image')
  }
  return {
    blobUrl: (digest) => blobUrl(chosen(), digest),
    fetchManifest: (selector) => (session ? fetchManifest(session, selector) : choose(selector)),
    openBlob: (digest, offset, signal) => openBlob(chosen(), digest, offset, signal),
  }
}

async function fetchManifest(session: Session, selector: string) {
  const url = new URL(`/v2/${session.repository}/manifests/${selector}`, session.origin)
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

async function manifestError(session: Session, url: URL, response: HttpResponse) {
  if (response.status !== 404) return await statusError(session, url, response)
  const said = await readErrors(response)
  if (said.startsWith('name unknown')) return deniedError(session, said)
  const text = said || 'manifest unknown: manifest unknown'
  const name = familiarReference(session.reference)
  return new LighterError('registry-not-found', `manifest for ${name} not found: ${text}`)
}
