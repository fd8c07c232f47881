import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { MAX_MANIFEST, MEDIA_TYPES } from '../oci/image.ts'
import { familiarReference, type Reference } from '../oci/reference.ts'
import type { HttpResponse } from './http.ts'
import {
  deniedError,
  openSession,
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

/** Finds how to speak to the registry of a reference; the first request asks for permission. */
export async function openRepository(
  reference: Reference,
  dockerConfig: string,
): Promise<Repository> {
  const session = await openSession(reference, dockerConfig)
  return {
    blobUrl: (digest) => blobUrl(session, digest),
    fetchManifest: (selector) => fetchManifest(session, selector),
    openBlob: (digest, offset, signal) => openBlob(session, digest, offset, signal),
  }
}

async function fetchManifest(session: Session, selector: string) {
  const url = new URL(`/v2/${session.reference.repository}/manifests/${selector}`, session.origin)
  const response = await request(session, url, { headers: { accept: ACCEPT } })
  if (response.status !== 200) throw await manifestError(session, url, response)
  const bytes = await response.bytes(MAX_MANIFEST)
  return { bytes, mediaType: response.header('content-type') ?? '' }
}

/** Where a blob is. */
export const blobUrl = ({ reference, origin }: Session, digest: Digest): URL =>
  new URL(`/v2/${reference.repository}/blobs/${digest}`, origin)

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
