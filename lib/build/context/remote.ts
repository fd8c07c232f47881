import { createWriteStream, mkdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { spaceError } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import { Digesting } from '../../image/digesting.ts'
import { type HttpResponse, send } from '../../registry/http.ts'
import { type KnownUrl, recallUrl, rememberUrl } from './urls.ts'

export interface UrlOptions {
  /** What the file is called. */
  name: string
  /** `sha256:…` that it has to have. */
  checksum: string | undefined
  signal: AbortSignal | undefined
  /** Told how many bytes are there, and of how many; 0: nobody knows. */
  onBytes?(current: number, total: number): void
}

/** A file from a URL, alone in a directory; it is there until it is released. */
export interface FetchedFile {
  directory: string
  path: string
  digest: string
  release(): void
}

/** As many as Go's clients follow. */
const MAX_REDIRECTS = 10

/**
 * Fetches a file of HTTP or HTTPS, unless the one of an earlier build is still the server's. Its mode is 0600 and its time of change that of the
 * server, else 1970. Throws `build`, `registry-unreachable` and `no-space`.
 */
export async function fetchUrl(
  engine: Engine,
  url: string,
  options: UrlOptions,
): Promise<FetchedFile> {
  const { data } = engine.paths
  const draft = makeDraft(data, ownIdentity())
  const release = () => rmSync(draft, { recursive: true, force: true })
  const directory = join(draft, 'files')
  const path = join(directory, options.name)
  try {
    mkdirSync(directory, { mode: 0o755 })
    const digest = await findFile(data, url, path, options)
    return { directory, path, digest, release }
  } catch (error) {
    release()
    throw error
  }
}

/** Makes the file be at the path; returns its digest. */
async function findFile(
  data: string,
  url: string,
  path: string,
  options: UrlOptions,
): Promise<string> {
  const { checksum, signal } = options
  const known = await recallUrl(data, url, path)
  // Whatever the server has by now, it is no other than this.
  if (known && known.digest === checksum) return checksum
  const response = await request(url, known, signal)
  if (response.status === 304 && known) {
    await response.discard()
    checkDigest(known.digest, checksum)
    return known.digest
  }
  rmSync(path, { force: true })
  const digest = await store(response, path, options)
  checkDigest(digest, checksum)
  const lastModified = response.header('last-modified')
  const modified = (Date.parse(lastModified ?? '') || 0) / 1000
  utimesSync(path, modified, modified)
  rememberUrl(data, url, { digest, etag: response.header('etag'), lastModified }, path)
  return digest
}

async function store(
  response: HttpResponse,
  path: string,
  { onBytes, signal }: UrlOptions,
): Promise<string> {
  const digesting = new Digesting()
  const total = Number(response.header('content-length') ?? 0) || 0
  digesting.on('data', () => onBytes?.(digesting.size, total))
  try {
    await pipeline(response.body, digesting, createWriteStream(path, { mode: 0o600, flags: 'wx' }))
    return digesting.digest()
  } catch (error) {
    signal?.throwIfAborted()
    const failure = spaceError(error, path)
    throw failure === error ? failed(messageOf(error), error) : failure
  }
}

function checkDigest(digest: string, checksum: string | undefined): void {
  if (checksum === undefined || digest === checksum) return
  throw new DockerfileError(`digest mismatch ${digest}: ${checksum}`)
}

/** Follows redirects. `known`: what was fetched before, in case that it did not change. */
async function request(
  text: string,
  known: KnownUrl | undefined,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  let url = parseUrl(text)
  const headers = conditions(known)
  for (let redirects = 0; ; redirects++) {
    const response = await sendOnce(url, headers, signal)
    const next = placeOf(response, url)
    if (!next) return await checkStatus(response)
    await response.discard()
    if (redirects === MAX_REDIRECTS)
      throw failed(`Get ${JSON.stringify(text)}: stopped after ${MAX_REDIRECTS} redirects`)
    url = next
  }
}

/** The server is asked for what is not as it was. */
function conditions(known: KnownUrl | undefined): Record<string, string> {
  if (known?.etag !== undefined) return { 'if-none-match': known.etag }
  const { lastModified } = known ?? {}
  return lastModified === undefined ? {} : { 'if-modified-since': lastModified }
}

async function sendOnce(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const { username, password } = url
  const bare = new URL(url)
  bare.username = ''
  bare.password = ''
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const login = username && { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
  try {
    return await send({ method: 'GET', url: bare, headers: { ...headers, ...login }, signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof LighterError ? failed(error.message, error) : error
  }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (!url) throw failed(`parse ${JSON.stringify(text)}: invalid URL`)
  return url
}

/** Where an answer sends us. */
function placeOf({ status, header }: HttpResponse, url: URL): URL | undefined {
  const location = header('location')
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  const place = URL.parse(location, url.href)
  if (place && /^https?:$/.test(place.protocol)) return place
  throw failed(`Get ${JSON.stringify(url.href)}: bad redirect to ${JSON.stringify(location)}`)
}

async function checkStatus(response: HttpResponse): Promise<HttpResponse> {
  const { status } = response
  if ((status >= 200 && status < 300) || status === 304) return response
  await response.discard()
  throw failed(`invalid response status ${status}`)
}

const failed = (message: string, cause?: unknown): DockerfileError =>
  new DockerfileError(`failed to load cache key: ${message}`, undefined, { cause })

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error)
