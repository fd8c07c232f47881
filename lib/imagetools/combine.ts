import type { Digest } from '../core/ids.ts'
import { indexType } from '../format/documents/oci.ts'
import { encodeJson } from '../format/json.ts'
import { escapeForHtml, indentJson } from '../format/json-text.ts'
import { type DescriptorDocument, isIndex, readDescriptor, readObject } from '../oci/descriptor.ts'
import { MEDIA_TYPES } from '../oci/image.ts'
import { digestOf } from '../store/blobs.ts'
import { type Annotation, annotate, withAnnotations } from './annotations.ts'

/** A source as its registry has it, with what the user says of it. */
export interface Part {
  descriptor: DescriptorDocument
  bytes: Buffer
}

/** What is to be pushed, byte by byte. */
export interface Combined {
  mediaType: string
  digest: Digest
  bytes: Buffer
}

/**
 * Makes an index of sources; what is in an index of theirs stands in this one. A single index stays as it is, and so does a single manifest
 * unless an index is preferred. Annotations are dropped where all is Docker's: its lists have no place for them. Throws `bad-input`,
 * `registry-protocol`.
 */
export function combine(
  parts: readonly Part[],
  annotations: readonly Annotation[],
  preferIndex: boolean,
): Combined {
  const [first] = parts
  if (first && parts.length === 1 && annotations.length === 0) {
    const { mediaType, digest } = first.descriptor
    if (isIndex(mediaType) || !preferIndex) return { mediaType, digest, bytes: first.bytes }
  }
  const listed = parts.flatMap(({ descriptor, bytes }) =>
    isIndex(descriptor.mediaType) ? listedIn(bytes) : [descriptor],
  )
  const descriptors = uniteEqual(listed)
  const isDocker = descriptors.every(({ mediaType }) =>
    mediaType.startsWith('application/vnd.docker.'),
  )
  const mediaType = isDocker ? MEDIA_TYPES.dockerList : MEDIA_TYPES.ociIndex
  const annotated = isDocker
    ? { manifests: descriptors, annotations: {} }
    : annotate(descriptors, annotations)
  const named = Object.keys(annotated.annotations).length > 0
  const document = {
    schemaVersion: 2,
    mediaType,
    manifests: annotated.manifests,
    ...(named ? { annotations: annotated.annotations } : {}),
  }
  const json = encodeJson({ type: indexType(), data: document })
  const bytes = Buffer.from(escapeForHtml(indentJson(json, '  ')))
  return { mediaType, digest: digestOf(bytes), bytes }
}

/** What an index lists. Throws `registry-protocol`. */
export function listedIn(bytes: Buffer): DescriptorDocument[] {
  const { manifests } = readObject(bytes, 'the index')
  return (Array.isArray(manifests) ? manifests : []).map(readDescriptor)
}

/** One entry for each digest; a later one says what an earlier one did not, and has the last word on platform and annotations. */
function uniteEqual(descriptors: readonly DescriptorDocument[]): DescriptorDocument[] {
  const united = new Map<Digest, DescriptorDocument>()
  for (const next of descriptors) {
    const known = united.get(next.digest)
    const both = known && withAnnotations(known, next.annotations ?? {})
    united.set(
      next.digest,
      both && next.platform ? { ...both, platform: next.platform } : (both ?? next),
    )
  }
  return [...united.values()]
}
