import { LighterError } from '../core/errors.ts'
import { type Digest, parseDigest } from '../core/ids.ts'
import { type Descriptor, MEDIA_TYPES, parseManifest } from '../oci/image.ts'
import { readCarried } from '../runtime/binary.ts'
import { readBlob, writeBlob } from '../store/blobs.ts'
import type { ReferenceRecord } from '../store/references.ts'

/** The image that the program carries, so that the first container needs no network. */
export const EMBEDDED_REFERENCE = 'docker.io/lighter/hello:latest'

export interface EmbeddedImage {
  reference: string
  /** Of the manifest, as index.json of the layout has it. */
  descriptor: Descriptor
  /** Manifest, configuration and layer. The archive names them by digest; the store checks that they match. */
  blobs: Map<Digest, Buffer>
}

/** What is left to do with a carried image: its layers are unpacked and its reference is written, as after a pull. */
export type LoadedImage = Pick<ReferenceRecord, 'reference' | 'descriptor' | 'imageId'>

/**
 * Stores the blobs of the carried image, if that is what the reference (in its full form, with tag) means; `undefined`
 * when it is not.
 */
export async function loadEmbedded(
  data: string,
  reference: string,
): Promise<LoadedImage | undefined> {
  if (reference !== EMBEDDED_REFERENCE) return undefined
  const { descriptor, blobs } = await readEmbedded()
  for (const [digest, bytes] of blobs) {
    if (!readBlob(data, digest, bytes.length)) writeBlob(data, digest, bytes, false)
  }
  const manifest = parseManifest(
    blobs.get(descriptor.digest) ?? Buffer.alloc(0),
    descriptor.mediaType,
  )
  if (manifest.kind !== 'image') throw damaged()
  return { reference, descriptor, imageId: manifest.config.digest }
}

/** Reads the carried image. It is small (about 1 MB): all of it fits into memory. */
export async function readEmbedded(): Promise<EmbeddedImage> {
  const files = await readArchive(readCarried('default-image.tar'))
  const blobs = new Map<Digest, Buffer>()
  for (const [name, bytes] of files) {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1]
    if (hex) blobs.set(parseDigest(`sha256:${hex}`), bytes)
  }
  return {
    reference: EMBEDDED_REFERENCE,
    descriptor: firstManifest(files.get('index.json')),
    blobs,
  }
}

function firstManifest(index: Buffer | undefined): Descriptor {
  const document = parseManifest(index ?? Buffer.alloc(0), MEDIA_TYPES.ociIndex)
  const first = document.kind === 'index' ? document.manifests[0] : undefined
  if (!first) throw damaged()
  const { mediaType, digest, size } = first
  return { mediaType, digest, size }
}

const damaged = (): LighterError =>
  new LighterError('bad-input', 'The image that the program carries is damaged')

async function readArchive(archive: Uint8Array): Promise<Map<string, Buffer>> {
  const { Parser } = await import('tar')
  const files = new Map<string, Buffer>()
  const parser = new Parser({ strict: true })
  const done = new Promise<void>((resolve, reject) => {
    parser.on('end', resolve)
    parser.on('error', reject)
  })
  parser.on('entry', (entry) => {
    const chunks: Buffer[] = []
    entry.on('data', (chunk: Buffer) => chunks.push(chunk))
    entry.on('end', () => files.set(entry.path, Buffer.concat(chunks)))
  })
  parser.end(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength))
  await done
  return files
}
