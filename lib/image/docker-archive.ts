import { closeSync, openSync, readSync } from 'node:fs'
import type { Digest } from '../core/ids.ts'
import {
  type Descriptor,
  type ImageConfig,
  MAX_CONFIG,
  MAX_MANIFEST,
  MEDIA_TYPES,
  parseImageConfig,
} from '../oci/image.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import { digestOf } from '../store/blobs.ts'
import { type ArchivedFile, type ArchiveFiles, badArchive } from './archive-reader.ts'
import {
  type ArchivedImage,
  checkCount,
  isObject,
  isWanted,
  parseDocument,
  type Wanted,
} from './archived.ts'

interface Entry {
  config: string
  tags: string[]
  layers: string[]
}

const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar'

/** First bytes of a compressed layer. */
const COMPRESSIONS: readonly [suffix: string, magic: string][] = [
  ['+gzip', '1f8b'],
  ['+zstd', '28b52ffd'],
]

/**
 * Adds the images of Docker's manifest.json to those that an OCI layout beside it has told of already, and their names to the same
 * images'. `known` has the manifest of an image that the store has all of: what the archive has of it is not looked at then, as
 * Docker does not. Throws `bad-archive`.
 */
export function readDockerArchive(
  files: ArchiveFiles,
  wanted: Wanted,
  images: ArchivedImage[],
  known: (id: Digest) => Descriptor | undefined,
): void {
  for (const entry of readEntries(files)) {
    const bytes = files.read(entry.config, MAX_CONFIG)
    const id = digestOf(bytes)
    const names = entry.tags.map(parseTag)
    const same = images.find((image) => image.id === id)
    if (same) {
      same.names.push(...names.filter((name) => !same.names.includes(name)))
      continue
    }
    const config = readConfig(bytes)
    checkCount(entry.layers.length, config.diffIds.length)
    if (isWanted(config, wanted)) {
      // Asked once: a removal beside us may change the answer.
      const stored = known(id)
      const image = stored ? undefined : readImage(files, entry, config, bytes)
      const descriptor = image?.descriptor ?? stored
      if (descriptor)
        images.push({ layers: [], documents: [], ...image, id, names, config, descriptor })
    }
  }
}

function readEntries(files: ArchiveFiles): Entry[] {
  const document = parseDocument(files.read('manifest.json', MAX_MANIFEST))
  if (document === null) {
    throw badArchive('invalid manifest, manifest cannot be null (but can be [])')
  }
  if (!Array.isArray(document)) throw badArchive('manifest.json has no list of images')
  return document.map(readEntry)
}

function readEntry(value: unknown): Entry {
  const entry = isObject(value) ? value : {}
  if (typeof entry.Config !== 'string')
    throw badArchive('invalid manifest, it names no configuration')
  return { config: entry.Config, tags: texts(entry.RepoTags), layers: texts(entry.Layers) }
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  if (value.every((entry) => typeof entry === 'string')) return value
  throw badArchive('manifest.json has names that are no texts')
}

function parseTag(tag: string): string {
  const reference = parseReference(tag)
  if (!reference.tag || reference.digest) throw badArchive(`invalid tag ${JSON.stringify(tag)}`)
  return formatReference(reference)
}

function readConfig(bytes: Buffer): ImageConfig {
  const document = parseDocument(bytes)
  if (!isObject(document) || !isObject(document.rootfs)) {
    throw badArchive('invalid image JSON, no RootFS key')
  }
  return parseImageConfig(bytes)
}

/** The manifest that such an archive lacks is made of what it has: the same one each time. */
function readImage(
  files: ArchiveFiles,
  entry: Entry,
  { diffIds }: ImageConfig,
  bytes: Buffer,
): Pick<ArchivedImage, 'layers' | 'descriptor' | 'documents'> {
  const layers = diffIds.map((diffId, index) => {
    const file = files.get(entry.layers[index] ?? '')
    return { diffId, file, blob: describe(file) }
  })
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(bytes),
    size: bytes.length,
  }
  const mediaType = MEDIA_TYPES.ociManifest
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config, layers: layers.map(({ blob }) => blob) }),
  )
  const descriptor = { mediaType, digest: digestOf(manifest), size: manifest.length }
  const documents = [
    { digest: descriptor.digest, bytes: manifest },
    { digest: config.digest, bytes },
  ]
  return { layers, descriptor, documents }
}

function describe({ path, digest, size }: ArchivedFile): Descriptor {
  const head = readHead(path)
  const suffix = COMPRESSIONS.find(([, magic]) => head.startsWith(magic))?.[0] ?? ''
  return { mediaType: LAYER_TYPE + suffix, digest, size }
}

function readHead(path: string): string {
  const fd = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(4)
    return bytes.toString('hex', 0, readSync(fd, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(fd)
  }
}
