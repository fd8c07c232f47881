import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'
import { type Descriptor, parseDescriptor } from '../oci/image.ts'
import { ensureLayout } from './blobs.ts'

/** One name of an image. An image that lost its last name keeps the reference `@<image id>`. */
export interface ReferenceRecord {
  reference: string
  /** Of the manifest of this platform. */
  descriptor: Descriptor
  /** Digest of the configuration: the id users see. */
  imageId: Digest
  createdAt: string
  /** When a user gave this name, as `tag` does; absent for names that came with a pull. */
  taggedAt?: string
}

const MAX_RECORD = 64 * 1024
const MAX_NAME = 200

/** Reads what a reference points to. What is not a record of ours is as good as absent. */
export function readReference(data: string, reference: string): ReferenceRecord | undefined {
  const record = parseRecord(readSmallFile(recordPath(data, reference), MAX_RECORD))
  return record?.reference === reference ? record : undefined
}

/** Every reference, sorted by name. */
export function listReferences(data: string): ReferenceRecord[] {
  const directory = join(data, 'refs')
  return listNames(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => parseRecord(readSmallFile(join(directory, name), MAX_RECORD)) ?? [])
}

/**
 * Points a reference at an image, then brings index.json up to date. Not `durable`: a power cut may tear the record, which
 * then counts as absent.
 */
export function writeReference(data: string, record: ReferenceRecord, durable = true): void {
  makeDirectory(join(data, 'refs'))
  const text = `${JSON.stringify({ version: 1, ...record })}\n`
  const path = recordPath(data, record.reference)
  const isNew = !existsSync(path)
  replaceFile(path, text, durable)
  try {
    deriveIndex(data)
  } catch (error) {
    // No half-made name on a full disk.
    if (isNew) rmSync(path, { force: true })
    throw error
  }
}

export function removeReference(data: string, reference: string): void {
  rmSync(recordPath(data, reference), { force: true })
}

/** Writes index.json anew from the references; other tools read it, this program does not. */
export function deriveIndex(data: string): void {
  ensureLayout(data)
  const manifests = listReferences(data).map(({ reference, descriptor }) => ({
    ...descriptor,
    ...(reference.startsWith('@')
      ? {}
      : { annotations: { 'org.opencontainers.image.ref.name': reference } }),
  }))
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests,
  }
  replaceFile(join(data, 'index.json'), `${JSON.stringify(index)}\n`)
}

/** Long references do not fit into a file name: those go by their hash. */
function recordPath(data: string, reference: string): string {
  const encoded = encodeURIComponent(reference)
  const name =
    encoded.length > MAX_NAME
      ? `sha256-${lazyCrypto().createHash('sha256').update(reference).digest('hex')}`
      : encoded
  return join(data, 'refs', `${name}.json`)
}

function parseRecord(bytes: Buffer | undefined): ReferenceRecord | undefined {
  const value = parseJson(bytes) as Partial<Record<string, unknown>> | undefined
  if (typeof value !== 'object' || value === null || value.version !== 1) return undefined
  const { reference, imageId, createdAt } = value
  if (typeof reference !== 'string' || typeof imageId !== 'string' || !isDigest(imageId)) {
    return undefined
  }
  try {
    const descriptor = parseDescriptor(value.descriptor)
    const tagged = typeof value.taggedAt === 'string' ? { taggedAt: value.taggedAt } : {}
    return { reference, descriptor, imageId, createdAt: String(createdAt ?? ''), ...tagged }
  } catch {
    return undefined
  }
}
