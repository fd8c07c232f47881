import { LighterError } from '../core/errors.ts'
import { escapeForHtml, indentJson } from '../format/json-text.ts'
import type { DescriptorDocument } from '../oci/descriptor.ts'
import { MEDIA_TYPES } from '../oci/image.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import type { Member } from './member.ts'

/** What a manifest list says of a member. */
export type ListEntry = Pick<DescriptorDocument, 'mediaType' | 'digest' | 'size' | 'platform'>

export interface ListDocument {
  mediaType: string
  /** Byte by byte what Docker's client would push. */
  text: string
}

/** The document of a manifest list; the first member says of which family it is. */
export function listDocument(entries: readonly ListEntry[]): ListDocument {
  const isOci = entries[0]?.mediaType === MEDIA_TYPES.ociManifest
  const mediaType = isOci ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerList
  const manifests = entries.map(({ mediaType, size, digest, platform }) => ({
    mediaType,
    size,
    digest,
    platform: platform ?? { architecture: '', os: '' },
  }))
  const text = JSON.stringify({ schemaVersion: 2, mediaType, manifests })
  return { mediaType, text: escapeForHtml(indentJson(text, '   ')) }
}

/** A registry makes no list of what others have. Throws `bad-input`. */
export function refuseStrangers(list: Reference, members: readonly Member[]): void {
  const stranger = members.find(({ reference }) => reference.registry !== list.registry)
  if (!stranger) return
  throw new LighterError(
    'bad-input',
    `cannot use source images from a different registry than the target image: ${stranger.reference.registry} != ${list.registry}`,
  )
}

/** Throws `bad-input` for a member whose platform is not known. */
export function refuseUnknownPlatforms(members: readonly Member[]): void {
  const unknown = members.find(
    ({ descriptor: { platform } }) => platform.os === '' || platform.architecture === '',
  )
  if (!unknown) return
  throw new LighterError(
    'bad-input',
    `manifest ${formatReference(unknown.reference)} must have an OS and Architecture to be pushed to a registry`,
  )
}
