import type { Digest } from '../core/ids.ts'
import { parseJson } from '../fs/read.ts'
import type { Descriptor, ImageConfig } from '../oci/image.ts'
import { type Platform, platformDistance } from '../oci/platform.ts'
import { type ArchivedFile, badArchive } from './archive-reader.ts'

/** An image as an archive has it. */
export interface ArchivedImage {
  id: Digest
  /** In their full form. */
  names: string[]
  config: ImageConfig
  descriptor: Descriptor
  /** What the store gets beside the layers: manifest and configuration. */
  documents: { digest: Digest; bytes: Buffer }[]
  layers: ArchivedLayer[]
}

export interface ArchivedLayer {
  blob: Descriptor
  diffId: Digest
  file: ArchivedFile
}

/** Which images of an archive are wanted. */
export interface Wanted {
  platform: Platform
  /** The user has said it: images for others are left out. Else it chooses among those that an index offers. */
  explicit: boolean
}

/** Whether an image is one of those that are wanted. Throws `bad-archive` for another operating system. */
export function isWanted({ platform: has }: ImageConfig, { platform, explicit }: Wanted): boolean {
  if (has.os !== 'linux') throw badArchive(`cannot load ${has.os} image on linux`)
  return !explicit || platformDistance(platform, has) !== undefined
}

/** Throws `bad-archive` when a manifest has another number of layers than the configuration. */
export function checkCount(expected: number, actual: number): void {
  if (expected === actual) return
  throw badArchive(`invalid manifest, layers length mismatch: expected ${expected}, got ${actual}`)
}

/** A document of an archive. What is none begins or ends otherwise, which Docker says in these words. */
export function parseDocument(bytes: Buffer): unknown {
  const value = parseJson(bytes)
  if (value !== undefined) return value
  const first = /\S/.exec(bytes.toString('utf8'))?.[0]
  if (first === undefined) throw badArchive('EOF')
  if (/[[{"\dtfn-]/.test(first)) throw badArchive('unexpected EOF')
  throw badArchive(`invalid character '${first}' looking for beginning of value`)
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
