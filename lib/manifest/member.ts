import { LighterError } from '../core/errors.ts'
import { escapeForHtml, indentJson } from '../format/json-text.ts'
import { parseJson } from '../fs/read.ts'
import { type DescriptorDocument, type PlatformDocument, readPlatform } from '../oci/descriptor.ts'
import { MAX_CONFIG, MEDIA_TYPES, parseManifest } from '../oci/image.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import { fetchBlob, fetchManifest, selectorOf } from './fetch.ts'

/** An image's manifest as a part of a manifest list. */
export interface Member {
  reference: Reference
  /** With the platform that the list has for it. */
  descriptor: DescriptorDocument & { platform: PlatformDocument }
  /** The manifest, byte by byte. */
  raw: Buffer
}

/** Fetches an image's manifest, and its platform from its configuration. Throws `bad-input` for a list, `registry-…`. */
export async function fetchMember(
  repository: OwnRepository,
  reference: Reference,
): Promise<Member> {
  const fetched = await fetchManifest(repository, selectorOf(reference))
  return await completeMember(repository, reference, fetched)
}

/** The same of a manifest that has been fetched. */
export async function completeMember(
  repository: OwnRepository,
  reference: Reference,
  { bytes, mediaType, digest }: Awaited<ReturnType<typeof fetchManifest>>,
): Promise<Member> {
  const manifest = parseManifest(bytes, mediaType)
  if (manifest.kind === 'index') {
    throw new LighterError('bad-input', `${formatReference(reference)} is a manifest list`)
  }
  // An artifact may have anything for a configuration: it has no platform then.
  const config = parseJson(await fetchBlob(repository, manifest.config, MAX_CONFIG))
  const platform = readPlatform(config)
  const descriptor = { mediaType: manifest.mediaType, digest, size: bytes.length, platform }
  return { reference, descriptor, raw: bytes }
}

/** A member with all that is known of it, as Docker's client writes it; without blanks. */
export function memberText({ reference, descriptor, raw }: Member): string {
  const { mediaType, digest, size, platform } = descriptor
  const known = {
    Ref: formatReference(reference),
    Descriptor: { mediaType, digest, size, platform },
    Raw: raw.toString('base64'),
  }
  const key = mediaType === MEDIA_TYPES.dockerManifest ? 'SchemaV2Manifest' : 'OCIManifest'
  // Its members in their own order.
  return `${JSON.stringify(known).slice(0, -1)},"${key}":${raw.toString('utf8')}}`
}

/** Verbose documents as Docker's client prints them. */
export const verboseText = (json: string): string => `${escapeForHtml(indentJson(json, '\t'))}\n`

/** The manifest itself, indented. */
export const plainText = (raw: Buffer): string => `${indentJson(raw.toString('utf8'), '\t')}\n`
