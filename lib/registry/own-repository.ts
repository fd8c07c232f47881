import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { MAX_MANIFEST, MEDIA_TYPES } from '../oci/image.ts'
import type { Reference } from '../oci/reference.ts'
import type { HttpResponse } from './http.ts'
import {
  openOwnSession,
  type RegistryPaths,
  readErrors,
  request,
  type Session,
  statusError,
} from './session.ts'

const ACCEPT = `${Object.values(MEDIA_TYPES).join(', ')}, */*`

/**
 * A repository as the registry has it that the reference names: no mirror stands in for it. Refusals are in the registry's own words;
 * what is not there is `registry-not-found`, whether the tag is missing or the whole repository.
 */
export interface OwnRepository {
  readonly reference: Reference
  /** Throws `registry-…`. */
  fetchManifest(selector: string): Promise<{ bytes: Buffer; mediaType: string }>
  /** Opens a blob from an offset on; `offset` is what the answer really begins with. Throws `registry-…`. */
  openBlob(digest: Digest, from?: number): Promise<{ offset: number; response: HttpResponse }>
}

/** Finds how to read from there; the first request asks for permission. Throws `registry-denied`, `registry-unreachable`, `host-setup`. */
export async function openOwnRepository(
  reference: Reference,
  paths: RegistryPaths,
  insecure = false,
): Promise<OwnRepository> {
  const opened = await openOwnSession(reference, paths, 'pull', insecure)
  // The words for a refused pull name the image, which our callers do in words of theirs.
  const session: Session = { ...opened, pushes: true }
  return {
    reference,
    fetchManifest: (selector) => fetchManifest(session, selector),
    openBlob: (digest, from = 0) => openBlob(session, digest, from),
  }
}

async function fetchManifest(session: Session, selector: string) {
  const url = new URL(`/v2/${session.repository}/manifests/${selector}`, session.origin)
  const response = await request(session, url, { headers: { accept: ACCEPT } }).catch((error) => {
    throw refusal(error, url)
  })
  if (response.status !== 200) throw await errorOf(session, url, response)
  const bytes = await response.bytes(MAX_MANIFEST)
  const [mediaType = ''] = (response.header('content-type') ?? '').split(';')
  return { bytes, mediaType: mediaType.trim() }
}

async function openBlob(
  session: Session,
  digest: Digest,
  from: number,
): Promise<{ offset: number; response: HttpResponse }> {
  const url = new URL(`/v2/${session.repository}/blobs/${digest}`, session.origin)
  // Encoded bodies would neither fit the digest nor the ranges.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (from > 0) headers.range = `bytes=${from}-`
  const response = await request(session, url, { headers })
  if (response.status === 200) return { offset: 0, response }
  if (response.status !== 206) throw await errorOf(session, url, response)
  const start = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')?.[1]
  return { offset: start === undefined ? from : Number(start), response }
}

/** What keeps us from asking, with what was to be asked, as Go's clients have it. */
function refusal(error: unknown, url: URL): unknown {
  if (!(error instanceof LighterError) || error.code !== 'registry-denied') return error
  const message = `Get "${url.origin}${url.pathname}": ${error.message}`
  return new LighterError(error.code, message, { cause: error })
}

async function errorOf(session: Session, url: URL, response: HttpResponse): Promise<LighterError> {
  if (response.status !== 404) return await statusError(session, url, response)
  const said = await readErrors(response)
  return new LighterError('registry-not-found', said || `${url.pathname} not found`)
}
