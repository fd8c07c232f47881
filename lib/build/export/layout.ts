import {
  closeSync,
  createWriteStream,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Digest, digestHex } from '../../core/ids.ts'
import { randomHex } from '../../core/random.ts'
import { spaceError } from '../../fs/replace.ts'
import { damagedBlob } from '../../image/archive-writer.ts'
import { Digesting } from '../../image/digesting.ts'
import { makeDestination } from './destination.ts'

/** Where a blob of an OCI layout is. */
export const layoutBlob = (directory: string, digest: Digest): string =>
  join(directory, 'blobs', 'sha256', digestHex(digest))

/**
 * Makes a blob be in an OCI layout of the user's, unless one of that size is there: a draft beside it, which gets its name when its digest
 * is right. Throws `damaged-image`, `no-space`.
 */
export async function writeLayoutBlob(
  directory: string,
  { digest, size }: { digest: Digest; size: number },
  open: () => Readable,
): Promise<void> {
  const path = layoutBlob(directory, digest)
  if (statSync(path, { throwIfNoEntry: false })?.size === size) return
  makeDestination(join(directory, 'blobs', 'sha256'))
  const draft = `${path}.${process.pid}-${randomHex(6)}.tmp`
  const digesting = new Digesting()
  try {
    await pipeline(open(), digesting, createWriteStream(draft, { flags: 'wx', mode: 0o644 }))
    if (digesting.digest() !== digest) throw damagedBlob(digest)
    sync(draft)
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw spaceError(error, path)
  }
}

function sync(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
