import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../../../lib/core/errors.ts'
import { type Digest, digestHex, isDigest } from '../../../lib/core/ids.ts'
import { parseJson } from '../../../lib/fs/read.ts'
import { writeNewFile } from '../../../lib/fs/replace.ts'
import { Digesting } from '../../../lib/image/digesting.ts'
import { MAX_MANIFEST, MEDIA_TYPES } from '../../../lib/oci/image.ts'
import { hasCode } from '../grpc/status.ts'
import {
  readContentRequest,
  readContentResponse,
  writeContentRequest,
  writeContentResponse,
} from '../wire/types.ts'
import type { ClientSession } from './session.ts'

const READ = '/containerd.services.content.v1.Content/Read'
const WRITE = '/containerd.services.content.v1.Content/Write'
const STORE = 'buildkit-attachable-store-id'
const CHUNK = 1024 * 1024
/** https://github.com/containerd/containerd, WriteAction */
const ACTION = { WRITE: 1, COMMIT: 2 } as const
/** Descriptors that documents of one image or cache may have. */
const MAX_DESCRIPTORS = 10_000

/** A directory of a client's with blobs, in the layout of the OCI. */
export interface ContentStore {
  session: ClientSession
  /** As the client calls it: `local:/path`, `oci:NAME`. */
  id: string
  signal: AbortSignal
}

/**
 * Copies a document, and all that it and the documents that it names lead to, into a layout of ours. Digests are checked. Throws
 * `GrpcError`, `digest-mismatch`.
 */
export async function fetchContent(
  store: ContentStore,
  root: Digest,
  layout: string,
): Promise<void> {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true, mode: 0o700 })
  const waiting = [root]
  const seen = new Set<string>(waiting)
  for (let digest = waiting.pop(); digest !== undefined; digest = waiting.pop()) {
    const path = placeOf(layout, digest)
    await fetchBlob(store, digest, path)
    for (const next of digestsIn(path)) {
      if (seen.has(next) || seen.size > MAX_DESCRIPTORS) continue
      seen.add(next)
      waiting.push(next)
    }
  }
}

/** Writes the list of a layout with one entry: a document that was fetched into it. */
export function writeIndex(layout: string, root: Digest): void {
  const bytes = readFileSync(placeOf(layout, root))
  const document = (parseJson(bytes) ?? {}) as { mediaType?: unknown; manifests?: unknown }
  const usual = Array.isArray(document.manifests) ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest
  const mediaType = typeof document.mediaType === 'string' ? document.mediaType : usual
  const manifests = [{ mediaType, digest: root, size: bytes.length }]
  writeNewFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
}

const placeOf = (layout: string, digest: Digest): string =>
  join(layout, 'blobs/sha256', digestHex(digest))

/** Of a manifest or an index; nothing of what is none. */
function digestsIn(path: string): Digest[] {
  if (statSync(path).size > MAX_MANIFEST) return []
  const document = parseJson(readFileSync(path))
  if (typeof document !== 'object' || document === null) return []
  const { config, layers, manifests } = document as Record<string, unknown>
  const lists = [layers, manifests].flatMap((list) => (Array.isArray(list) ? list : []))
  return [config, ...lists].flatMap((one) => {
    const digest = (one as { digest?: unknown } | undefined)?.digest
    return typeof digest === 'string' && isDigest(digest) ? [digest as Digest] : []
  })
}

async function fetchBlob(
  { session, id, signal }: ContentStore,
  digest: Digest,
  path: string,
): Promise<void> {
  if (existsSync(path)) return
  using stream = session.grpc.open(READ, { metadata: { [STORE]: id }, signal })
  await stream.send(readContentRequest.encode({ digest }))
  stream.end()
  const messages = stream.messages()
  const chunks = (async function* () {
    for await (const message of messages) yield readContentResponse.decode(message).data
  })()
  const digesting = new Digesting()
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  await pipeline(Readable.from(chunks, { objectMode: false }), digesting, file)
  if (digesting.digest() === digest) return
  throw new LighterError('digest-mismatch', `the client's ${digest} does not match its digest`)
}

/** Puts a blob into a client's directory, unless it has it. Throws `GrpcError`. */
export async function putContent(
  { session, id, signal }: ContentStore,
  digest: Digest,
  path: string,
): Promise<void> {
  using stream = session.grpc.open(WRITE, { metadata: { [STORE]: id }, signal })
  const total = statSync(path).size
  const ref = `lighter-${digest}`
  const answers = stream.messages()
  try {
    let offset = 0
    for await (const data of createReadStream(path, { highWaterMark: CHUNK })) {
      const message = { action: ACTION.WRITE, ref, total, expected: digest, offset, data }
      offset += (data as Buffer).length
      await stream.send(writeContentRequest.encode(message))
      await answers.next()
    }
    const commit = { action: ACTION.COMMIT, ref, total, expected: digest, offset }
    await stream.send(writeContentRequest.encode(commit))
    const { value } = await answers.next()
    if (value) writeContentResponse.decode(value)
    stream.end()
    await answers.next()
  } catch (error) {
    if (!hasCode(error, 'ALREADY_EXISTS')) throw error
  }
}
