import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { writeOutputFile } from '../fs/output-file.ts'
import { spaceError, writeAll } from '../fs/replace.ts'
import type { Descriptor } from '../oci/image.ts'
import { formatPlatform, parsePlatform, platformDistance } from '../oci/platform.ts'
import {
  familiarName,
  familiarReference,
  parseReference,
  type Reference,
} from '../oci/reference.ts'
import { hasBlobAnywhere, type ImageStores, openBlob } from '../store/shared.ts'
import { type ArchiveMember, archiveBytes, damagedBlob } from './archive-writer.ts'
import { chooseImages, type NamedImage } from './choose.ts'
import { recordImageEvent } from './events.ts'
import { holdBlobs } from './hold.ts'

export interface SaveOptions {
  /** As users write them: names, repositories, ids. */
  images: readonly string[]
  platform: string | undefined
  /** A file's path, or where the archive is written to. */
  output: string | Writable
}

const ID_FOLDER = 'blobs/sha256'

/**
 * Writes images as one archive that is an OCI layout, and is what Docker's own archives are, too. Blobs are in it as they are in the
 * store, so that whoever reads it gets the same digests. Throws `no-such-image`, `damaged-image` and `bad-input`.
 */
export async function saveImages(engine: Engine, options: SaveOptions): Promise<void> {
  const { data } = engine.paths
  const images = chooseImages(engine, options.images)
  if (options.platform) checkPlatform(images, options.platform)
  const blobs = blobsOf(images)
  const release = holdBlobs(
    data,
    blobs.map(({ digest }) => digest),
    images.flatMap(({ image }) => image.config.diffIds),
  )
  try {
    for (const { digest, size } of blobs)
      if (!hasBlobAnywhere(engine.stores, digest, size)) throw damagedBlob(digest)
    await write(listMembers(engine.stores, images, blobs), options.output)
  } finally {
    release()
  }
  for (const { image } of images) {
    const { labels } = image.config.defaults
    recordImageEvent(data, 'save', { id: image.id, name: image.id, labels })
  }
}

function checkPlatform(images: readonly NamedImage[], text: string): void {
  const wanted = parsePlatform(text)
  for (const { image } of images) {
    if (platformDistance(wanted, image.config.platform) !== undefined) continue
    throw new LighterError(
      'bad-input',
      `no suitable export target found for platform ${formatPlatform(wanted)}`,
    )
  }
}

/** Every blob once, sorted. */
function blobsOf(images: readonly NamedImage[]): Pick<Descriptor, 'digest' | 'size'>[] {
  const blobs = new Map<Digest, Pick<Descriptor, 'digest' | 'size'>>()
  for (const { image, config } of images) {
    for (const blob of [image.manifest, config, ...image.layers]) blobs.set(blob.digest, blob)
  }
  return [...blobs.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1))
}

async function write(members: ArchiveMember[], output: string | Writable): Promise<void> {
  const bytes = archiveBytes(members)
  if (typeof output !== 'string') {
    return await pipeline(Readable.from(bytes, { objectMode: false }), output, { end: false })
  }
  await writeOutputFile(output, async (fd) => {
    for await (const chunk of bytes) writeChunk(fd, chunk, output)
  })
}

function writeChunk(fd: number, chunk: Buffer, path: string): void {
  try {
    writeAll(fd, chunk)
  } catch (error) {
    throw spaceError(error, path)
  }
}

function listMembers(
  stores: ImageStores,
  images: readonly NamedImage[],
  blobs: readonly Pick<Descriptor, 'digest' | 'size'>[],
): ArchiveMember[] {
  const document = (name: string, value: unknown, end = ''): ArchiveMember => ({
    name,
    kind: 'document',
    bytes: Buffer.from(`${JSON.stringify(value)}${end}`),
  })
  const repositories = legacyNames(images)
  return [
    { name: 'blobs/', kind: 'directory' },
    { name: `${ID_FOLDER}/`, kind: 'directory' },
    ...blobs.map(
      ({ digest, size }): ArchiveMember => ({
        name: memberName(digest),
        kind: 'blob',
        open: () => openBlob(stores, digest, size),
        digest,
        size,
      }),
    ),
    document('index.json', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: images.flatMap(indexEntries),
    }),
    document('manifest.json', images.map(manifestEntry), '\n'),
    document('oci-layout', { imageLayoutVersion: '1.0.0' }),
    ...(repositories ? [document('repositories', repositories, '\n')] : []),
  ]
}

const memberName = (digest: Digest): string => `${ID_FOLDER}/${digestHex(digest)}`

/** One entry per name, as containerd and Docker write them. */
function indexEntries({ image, references }: NamedImage): unknown[] {
  const { mediaType, digest, size } = image.manifest
  const descriptor = { mediaType, digest, size }
  if (references.length === 0) return [descriptor]
  return references.map((reference) => ({
    ...descriptor,
    annotations: {
      'io.containerd.image.name': reference,
      'org.opencontainers.image.ref.name': parseReference(reference).tag,
    },
  }))
}

/** What readers of Docker's archives look for; layers may be compressed there, and are where they are in the store. */
const manifestEntry = ({ image, references }: NamedImage): unknown => ({
  Config: memberName(image.id),
  RepoTags: references.length === 0 ? null : references.map(toFamiliar),
  Layers: image.layers.map(({ digest }) => memberName(digest)),
})

const toFamiliar = (reference: string): string => familiarReference(parseReference(reference))

/** The file `repositories`: the topmost layer by name and tag; `undefined` where nothing has a name. */
function legacyNames(images: readonly NamedImage[]): unknown {
  // Names like `constructor` are names here.
  const names: Record<string, Record<string, string>> = Object.create(null)
  for (const { image, references } of images) {
    const top = image.layers.at(-1)
    for (const reference of references.map(parseReference)) addName(names, reference, top)
  }
  return Object.keys(names).length > 0 ? names : undefined
}

function addName(
  names: Record<string, Record<string, string>>,
  reference: Reference,
  top: Descriptor | undefined,
): void {
  const name = familiarName(reference)
  const tags = names[name] ?? Object.create(null)
  tags[reference.tag ?? ''] = top ? digestHex(top.digest) : ''
  names[name] = tags
}
