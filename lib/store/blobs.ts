import { createReadStream, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'
import { letReadersIn } from './readers.ts'

export const MAX_PEEK = 16 * 1024 * 1024

export const blobPath = (data: string, digest: Digest): string =>
  join(data, 'blobs', 'sha256', digestHex(digest))

/** Whether a blob of that size is there. A length that differs means damage: it counts as absent. */
export function hasBlob(data: string, digest: Digest, size: number): boolean {
  return statSync(blobPath(data, digest), { throwIfNoEntry: false })?.size === size
}

/**
 * Whether the bytes are those of the digest. Reads all of them: for blobs that are in doubt. Throws where they cannot be read: they may be
 * the right ones.
 */
export async function isBlobWhole(data: string, digest: Digest): Promise<boolean> {
  const hash = lazyCrypto().createHash('sha256')
  try {
    for await (const chunk of createReadStream(blobPath(data, digest))) hash.update(chunk)
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
  return `sha256:${hash.digest('hex')}` === digest
}

/** Reads a small blob of a known size; what only its digest would tell is left to those who fetch and unpack. */
export function peekBlob(data: string, digest: Digest, size: number): Buffer | undefined {
  const bytes = readSmallFile(blobPath(data, digest), MAX_PEEK)
  return bytes?.length === size ? bytes : undefined
}

/** Reads a small blob; `undefined` when it is absent or its bytes are not those of the digest. */
export function readBlob(data: string, digest: Digest, limit: number): Buffer | undefined {
  const bytes = readSmallFile(blobPath(data, digest), limit)
  return bytes && digestOf(bytes) === digest ? bytes : undefined
}

/**
 * Stores a small blob. Not `durable`: a power cut may tear it, which its readers notice; for what can be fetched again.
 * Throws `digest-mismatch`.
 */
export function writeBlob(data: string, digest: Digest, bytes: Uint8Array, durable = true): void {
  if (digestOf(bytes) !== digest) {
    throw new LighterError('digest-mismatch', `content does not match its digest ${digest}`)
  }
  ensureLayout(data)
  replaceFile(blobPath(data, digest), bytes, durable)
  letReadersIn(blobPath(data, digest))
}

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${lazyCrypto().createHash('sha256').update(bytes).digest('hex')}` as Digest

/** Makes the directories and the mark of an OCI image layout. */
export function ensureLayout(data: string): void {
  makeDirectory(join(data, 'blobs', 'sha256'))
  const mark = join(data, 'oci-layout')
  if (!existsSync(mark)) replaceFile(mark, '{"imageLayoutVersion":"1.0.0"}\n')
}
