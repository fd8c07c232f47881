import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import {
  type Descriptor,
  MAX_CONFIG,
  MAX_MANIFEST,
  type Manifest,
  type PlatformDescriptor,
  parseDescriptor,
  parseImageConfig,
  parseManifest,
} from '../oci/image.ts'
import { formatPlatform, platformDistance } from '../oci/platform.ts'
import { formatReference, parseReference, withDefaultTag } from '../oci/reference.ts'
import { type ArchivedFile, type ArchiveFiles, badArchive } from './archive-reader.ts'
import {
  type ArchivedImage,
  checkCount,
  isObject,
  isWanted,
  parseDocument,
  type Wanted,
} from './archived.ts'

/** An index may list others, which do not go on for ever. */
const MAX_DEPTH = 4

/** The images that an OCI layout lists, each once with all its names. Throws `bad-archive` and `platform-mismatch`. */
export function readLayout(files: ArchiveFiles, wanted: Wanted): ArchivedImage[] {
  const images: ArchivedImage[] = []
  for (const { descriptor, name } of readIndex(files)) {
    const image = readListed(files, descriptor, wanted)
    if (!image) continue
    const same = images.find((other) => other.descriptor.digest === image.descriptor.digest)
    const entry = same ?? image
    if (!same) images.push(image)
    if (name !== undefined && !entry.names.includes(name)) entry.names.push(name)
  }
  return images
}

function readIndex(files: ArchiveFiles): { descriptor: Descriptor; name: string | undefined }[] {
  const document = parseDocument(files.read('index.json', MAX_MANIFEST))
  const manifests = isObject(document) ? document.manifests : undefined
  if (!Array.isArray(manifests)) throw badArchive('index.json has no list of images')
  return manifests.map((value) => ({
    descriptor: parseDescriptor(value),
    name: nameOf(isObject(value) && isObject(value.annotations) ? value.annotations : {}),
  }))
}

/** containerd's annotation is a name; the other one may be a name, a tag alone, or anything. */
function nameOf(annotations: Readonly<Record<string, unknown>>): string | undefined {
  const full = annotations['io.containerd.image.name']
  if (typeof full === 'string') return tagged(full)
  const text = annotations['org.opencontainers.image.ref.name']
  if (typeof text !== 'string' || !/[:/]/.test(text)) return undefined
  try {
    return tagged(text)
  } catch (error) {
    if (error instanceof LighterError) return undefined
    throw error
  }
}

function tagged(text: string): string | undefined {
  const reference = withDefaultTag(parseReference(text))
  return reference.digest ? undefined : formatReference(reference)
}

/** `undefined` for an image that is not wanted. */
function readListed(
  files: ArchiveFiles,
  listed: Descriptor,
  wanted: Wanted,
): ArchivedImage | undefined {
  let descriptor = listed
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const bytes = readBlob(files, descriptor, MAX_MANIFEST)
    const manifest = parseManifest(bytes, descriptor.mediaType)
    if (manifest.kind === 'image') return readImage(files, descriptor, manifest, bytes, wanted)
    const choice = choose(manifest.manifests, wanted)
    if (!choice) return undefined
    descriptor = choice
  }
  throw badArchive('The image index points to another index')
}

function choose(offers: PlatformDescriptor[], wanted: Wanted): PlatformDescriptor | undefined {
  // An index in an index may say nothing of platforms.
  const [only] = offers
  if (offers.length === 1 && only && !only.platform) return only
  const choices = offers.flatMap((offer) => {
    const distance = offer.platform && platformDistance(wanted.platform, offer.platform)
    return distance === undefined ? [] : [{ offer, distance }]
  })
  const best = choices.sort((a, b) => a.distance - b.distance)[0]?.offer
  if (best || wanted.explicit) return best
  throw new LighterError(
    'platform-mismatch',
    `no matching manifest for ${formatPlatform(wanted.platform)} in the manifest list entries`,
  )
}

function readImage(
  files: ArchiveFiles,
  { digest, size }: Descriptor,
  manifest: Extract<Manifest, { kind: 'image' }>,
  bytes: Buffer,
  wanted: Wanted,
): ArchivedImage | undefined {
  const configBytes = readBlob(files, manifest.config, MAX_CONFIG)
  const config = parseImageConfig(configBytes)
  if (!isWanted(config, wanted)) return undefined
  const { diffIds } = config
  checkCount(manifest.layers.length, diffIds.length)
  return {
    id: manifest.config.digest,
    names: [],
    config,
    descriptor: { mediaType: manifest.mediaType, digest, size },
    documents: [
      { digest, bytes },
      { digest: manifest.config.digest, bytes: configBytes },
    ],
    layers: manifest.layers.flatMap((blob, index) => {
      const diffId = diffIds[index]
      return diffId ? [{ blob, diffId, file: findBlob(files, blob) }] : []
    }),
  }
}

const memberName = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`

function findBlob(files: ArchiveFiles, { digest, size }: Descriptor): ArchivedFile {
  const name = memberName(digest)
  const file = files.get(name)
  if (file.digest !== digest) {
    throw badArchive(`${name} is damaged: its content is ${file.digest}, not ${digest}`)
  }
  if (file.size !== size) throw badArchive(`${name} has ${file.size} bytes, not ${size}`)
  return file
}

function readBlob(files: ArchiveFiles, blob: Descriptor, limit: number): Buffer {
  findBlob(files, blob)
  return files.read(memberName(blob.digest), limit)
}
