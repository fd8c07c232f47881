import {
  closeSync,
  createReadStream,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { type Readable, Transform } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { randomHex } from '../core/random.ts'
import type { Engine } from '../engine.ts'
import { spaceError } from '../fs/replace.ts'
import { blobPath } from '../store/blobs.ts'
import { hasLayer } from '../store/layers.ts'
import { letReadersIn } from '../store/readers.ts'
import { type ArchivedFile, badArchive } from './archive-reader.ts'
import type { ArchivedImage, ArchivedLayer } from './archived.ts'
import { checkArchive, expandArchive } from './expand.ts'
import { unpackDraft } from './layer.ts'
import { isSquashed } from './layer-kind.ts'
import type { OnProgress } from './progress.ts'

/** A layer that is unpacked, and has no name yet. */
export interface Unpacked {
  diffId: Digest
  draft: string
}

const CHUNK = 1024 * 1024

/**
 * Unpacks the layers that the store does not have, and looks into the others all the same: each must be what the configuration
 * says. `onUnpacked` is told each draft, which is then the caller's. Throws `bad-archive`.
 */
export async function unpackLayers(
  engine: Engine,
  images: readonly ArchivedImage[],
  report: OnProgress,
  onUnpacked: (unpacked: Unpacked) => void,
): Promise<void> {
  const unpacked = new Set<Digest>()
  const checked = new Set<string>()
  for (const { layers } of images) {
    for (const [index, layer] of layers.entries()) {
      const { diffId, file } = layer
      const key = `${diffId} ${file.digest}`
      if (checked.has(key)) continue
      checked.add(key)
      const isThere =
        unpacked.has(diffId) || hasLayer(engine.paths.data, diffId, isSquashed(engine))
      if (isThere) {
        checkDiffId(index, diffId, await contentDigest(file))
        continue
      }
      onUnpacked({ diffId, draft: await unpackLayer(engine, layer, index, report) })
      unpacked.add(diffId)
    }
  }
}

async function unpackLayer(
  engine: Engine,
  { diffId, file }: ArchivedLayer,
  index: number,
  report: OnProgress,
): Promise<string> {
  const stream = createReadStream(file.path, { highWaterMark: CHUNK })
  let current = 0
  const told = stream.pipe(
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        current += chunk.length
        const [id, total] = [shortId(diffId), file.size]
        report({ type: 'layer', id, status: 'Loading layer', current, total })
        done(null, chunk)
      },
    }),
  )
  stream.on('error', (error) => told.destroy(error))
  try {
    return await unpackDraft(engine, diffId, told)
  } catch (error) {
    throw await explain(error, file, index, diffId)
  } finally {
    stream.destroy()
  }
}

/** What is wrong with a layer, in Docker's words. */
async function explain(
  error: unknown,
  file: ArchivedFile,
  index: number,
  diffId: Digest,
): Promise<unknown> {
  if (!(error instanceof LighterError)) return error
  if (error.code === 'digest-mismatch') {
    const actual = /its content is (sha256:[0-9a-f]{64})/.exec(error.message)?.[1]
    return actual ? wrongDiffId(index, diffId, actual) : error
  }
  if (error.code !== 'bad-input') return error
  const reason = await openContent(file)
    .then(drain)
    .then(
      () => (/archive is damaged|stream .*(is cut off|is damaged)/.test(error.message) ? EOF : ''),
      (inner: unknown) => (inner instanceof LighterError ? inner.message : EOF),
    )
  return badArchive(reason || error.message, error)
}

const EOF = 'unexpected EOF'

const openContent = async (file: ArchivedFile): Promise<Readable> =>
  await checkArchive(await expandArchive(createReadStream(file.path, { highWaterMark: CHUNK })))

async function drain(stream: Readable): Promise<void> {
  for await (const _chunk of stream);
}

/** The digest of a layer's uncompressed archive. */
async function contentDigest(file: ArchivedFile): Promise<string> {
  const hash = lazyCrypto().createHash('sha256')
  const stream = createReadStream(file.path, { highWaterMark: CHUNK })
  for await (const chunk of await expandArchive(stream)) hash.update(chunk)
  return `sha256:${hash.digest('hex')}`
}

function checkDiffId(index: number, expected: Digest, actual: string): void {
  if (actual !== expected) throw wrongDiffId(index, expected, actual)
}

const wrongDiffId = (index: number, expected: string, actual: string): LighterError =>
  badArchive(`invalid diffID for layer ${index}: expected "${expected}", got "${actual}"`)

/**
 * Gives a file of the archive, which is synced, its place among the blobs. It stays where it was, too, for a removal beside us
 * may take what nothing has named yet; and it takes the place of what a power cut may have torn.
 */
export function publishBlob(data: string, { path, digest }: ArchivedFile): void {
  const target = blobPath(data, digest)
  const draft = `${target}.${process.pid}-${randomHex(6)}.tmp`
  try {
    linkSync(path, draft)
    renameSync(draft, target)
    letReadersIn(target)
  } catch (error) {
    throw spaceError(error, target)
  } finally {
    // Renaming does nothing where both names are of one file already.
    rmSync(draft, { force: true })
  }
}

/** Has the kernel write a file to the disk. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
