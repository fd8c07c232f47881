import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { readSmallFile } from '../fs/read.ts'
import { replaceFile } from '../fs/replace.ts'

export const blobPath = (data: string, digest: Digest): string =>
  join(data, 'blobs', 'sha256', digestHex(digest))

/** Whether a blob of that size is there. A length that differs means damage: it counts as absent. */
export function hasBlob(data: string, digest: Digest, size: number): boolean {
  return statSync(blobPath(data, digest), { throwIfNoEntry: false })?.size === size
}

/** Reads a small blob; `undefined` when it is absent or its bytes are not those of the digest. */
export function readBlob(data: string, digest: Digest, limit: number): Buffer | undefined {
  const bytes = readSmallFile(blobPath(data, digest), limit)
  return bytes && digestOf(bytes) === digest ? bytes : undefined
}

/** Stores a small blob durably. Throws `digest-mismatch`. */
export function writeBlob(data: string, digest: Digest, bytes: Uint8Array): void {
  if (digestOf(bytes) !== digest) {
    throw new LighterError('digest-mismatch', `content does not match its digest ${digest}`)
  }
  ensureLayout(data)
  replaceFile(blobPath(data, digest), bytes, true)
}

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${lazyCrypto().createHash('sha256').update(bytes).digest('hex')}` as Digest

/** Makes the directories and the mark of an OCI image layout. */
export function ensureLayout(data: string): void {
  mkdirSync(join(data, 'blobs', 'sha256'), { recursive: true, mode: 0o700 })
  const mark = join(data, 'oci-layout')
  if (!existsSync(mark)) replaceFile(mark, '{"imageLayoutVersion":"1.0.0"}\n')
}
