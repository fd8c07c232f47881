import { LighterError } from '../core/errors.ts'
import { type Digest, parseDigest } from '../core/ids.ts'
import { readCarried } from '../runtime/binary.ts'

/** The image that the program carries, so that the first container needs no network. */
export const EMBEDDED_REFERENCE = 'docker.io/lighter/hello:latest'

export interface EmbeddedImage {
  reference: string
  /** Of the manifest, as index.json of the layout has it. */
  descriptor: { mediaType: string; digest: Digest; size: number }
  /** Manifest, configuration and layer. The archive names them by digest; the store checks that they match. */
  blobs: Map<Digest, Buffer>
}

/** Reads the carried image. It is small (about 1 MB): all of it fits into memory. */
export async function readEmbedded(): Promise<EmbeddedImage> {
  const files = await readArchive(readCarried('default-image.tar'))
  const index: unknown = JSON.parse(files.get('index.json')?.toString('utf8') ?? 'null')
  const blobs = new Map<Digest, Buffer>()
  for (const [name, bytes] of files) {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1]
    if (hex) blobs.set(parseDigest(`sha256:${hex}`), bytes)
  }
  return { reference: EMBEDDED_REFERENCE, descriptor: firstManifest(index), blobs }
}

function firstManifest(index: unknown): EmbeddedImage['descriptor'] {
  const [first] = (index as { manifests?: EmbeddedImage['descriptor'][] } | null)?.manifests ?? []
  if (!first) throw new LighterError('bad-input', 'The image that the program carries is damaged')
  return { mediaType: first.mediaType, digest: parseDigest(first.digest), size: first.size }
}

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
