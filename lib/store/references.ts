import { existsSync, rmSync, statSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'
import { type Descriptor, parseDescriptor } from '../oci/image.ts'
import { ensureLayout } from './blobs.ts'
import { letReadersIn } from './readers.ts'

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
  /** Names of registries that the image was pulled under; none: it was made, loaded or imported here. Absent in records of old. */
  pulledAs?: readonly string[]
  /** Bytes of each unpacked layer, by its digest: for those who can read this record and not the layers. */
  layerSizes?: Readonly<Record<string, number>>
}

export const MAX_REFERENCE = 64 * 1024
const MAX_NAME = 200

/** Reads what a reference points to. What is not a record of ours is as good as absent. */
export function readReference(data: string, reference: string): ReferenceRecord | undefined {
  const record = parseReferenceRecord(readSmallFile(recordPath(data, reference), MAX_REFERENCE))
  return record?.reference === reference ? record : undefined
}

/** Every reference, sorted by name. */
export const listReferences = (data: string, onUnreadable?: OnUnreadable): ReferenceRecord[] =>
  scanReferences(data, onUnreadable).records

/** Told of files that cannot be read, which are left out then instead of thrown. */
type OnUnreadable = (name: string, error: unknown) => void

/** As `listReferences`, with the files of `refs` whose content says nothing. */
export function scanReferences(
  data: string,
  onUnreadable?: OnUnreadable,
): { records: ReferenceRecord[]; torn: string[] } {
  const directory = join(data, 'refs')
  const records: ReferenceRecord[] = []
  const torn: string[] = []
  const read = (name: string): Buffer | undefined => {
    try {
      return readSmallFile(join(directory, name), MAX_REFERENCE)
    } catch (error) {
      if (!onUnreadable) throw error
      onUnreadable(name, error)
      return undefined
    }
  }
  for (const name of listNames(directory).sort()) {
    const bytes = name.endsWith('.json') ? read(name) : undefined
    const record = parseReferenceRecord(bytes)
    if (record) records.push(record)
    // Without bytes it has been removed meanwhile.
    else if (bytes) torn.push(name)
  }
  return { records, torn }
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
  letReadersIn(path)
  try {
    deriveIndex(data)
  } catch (error) {
    // No half-made name on a full disk.
    if (isNew) rmSync(path, { force: true })
    throw error
  }
}

/** Whether it was there: of several who remove it at once one is told so. */
export function removeReference(data: string, reference: string): boolean {
  try {
    unlinkSync(recordPath(data, reference))
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

/** Writes index.json anew from the references; other tools read it, this program does not. */
export function deriveIndex(data: string): void {
  ensureLayout(data)
  replaceFile(indexPath(data), formatIndex(data))
}

/** Whether index.json says what the references say: who was killed between the two leaves it behind. */
export function isIndexCurrent(data: string): boolean {
  const expected = Buffer.from(formatIndex(data))
  // Any other size is not worth reading.
  if (statSync(indexPath(data), { throwIfNoEntry: false })?.size !== expected.length) return false
  return readSmallFile(indexPath(data), expected.length)?.equals(expected) === true
}

/** What index.json says of the name whose record is, or was, in this file of `refs`. */
export function findInIndex(
  data: string,
  file: string,
): { reference: string; descriptor: Descriptor } | undefined {
  const index = parseJson(readSmallFile(indexPath(data), MAX_INDEX))
  const { manifests } = (index ?? {}) as { manifests?: unknown }
  for (const entry of Array.isArray(manifests) ? manifests : []) {
    const reference = entry?.annotations?.['org.opencontainers.image.ref.name']
    if (typeof reference !== 'string' || recordName(reference) !== file) continue
    try {
      return { reference, descriptor: parseDescriptor(entry) }
    } catch {
      return undefined
    }
  }
  return undefined
}

const MAX_INDEX = 64 * 1024 * 1024

const indexPath = (data: string): string => join(data, 'index.json')

function formatIndex(data: string): string {
  const { records, torn } = scanReferences(data)
  // What is said here of a name whose record says nothing is all that is known of it.
  const kept = torn.flatMap((file) => findInIndex(data, file) ?? [])
  const manifests = [...records, ...kept].map(({ reference, descriptor }) => ({
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
  return `${JSON.stringify(index)}\n`
}

/** The file of a reference below `refs`. Long ones do not fit into a file name: those go by their hash. */
export function recordName(reference: string): string {
  const encoded = encodeURIComponent(reference)
  const name =
    encoded.length > MAX_NAME
      ? `sha256-${lazyCrypto().createHash('sha256').update(reference).digest('hex')}`
      : encoded
  return `${name}.json`
}

const recordPath = (data: string, reference: string): string =>
  join(data, 'refs', recordName(reference))

/** The record in a file of `refs`; `undefined` for what is none. */
export function parseReferenceRecord(bytes: Buffer | undefined): ReferenceRecord | undefined {
  const value = parseJson(bytes) as Partial<Record<string, unknown>> | undefined
  if (typeof value !== 'object' || value === null || value.version !== 1) return undefined
  const { reference, imageId, createdAt } = value
  if (typeof reference !== 'string' || typeof imageId !== 'string' || !isDigest(imageId)) {
    return undefined
  }
  try {
    const descriptor = parseDescriptor(value.descriptor)
    const tagged = typeof value.taggedAt === 'string' ? { taggedAt: value.taggedAt } : {}
    const pulled = parseNames(value.pulledAs)
    const sizes = parseSizes(value.layerSizes)
    return {
      reference,
      descriptor,
      imageId,
      createdAt: String(createdAt ?? ''),
      ...tagged,
      ...pulled,
      ...sizes,
    }
  } catch {
    return undefined
  }
}

/** What is no list of names says nothing. */
const parseNames = (value: unknown): Pick<ReferenceRecord, 'pulledAs'> =>
  Array.isArray(value) && value.every((name) => typeof name === 'string') ? { pulledAs: value } : {}

function parseSizes(value: unknown): Pick<ReferenceRecord, 'layerSizes'> {
  if (typeof value !== 'object' || value === null) return {}
  const sizes = Object.entries(value).filter(
    (entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && Number(entry[1]) >= 0,
  )
  return { layerSizes: Object.fromEntries(sizes) }
}
