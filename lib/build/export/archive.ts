import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../../core/errors.ts'
import { digestHex } from '../../core/ids.ts'
import type { Engine } from '../../engine.ts'
import { streamOf } from '../../fs/beneath.ts'
import { parseJson, readSmallFile } from '../../fs/read.ts'
import { replaceFile, spaceError, writeAll } from '../../fs/replace.ts'
import { type ArchiveMember, archiveBytes } from '../../image/archive-writer.ts'
import { openHold } from '../../image/hold.ts'
import type { DescriptorDocument } from '../../oci/descriptor.ts'
import { familiarReference, parseReference } from '../../oci/reference.ts'
import { openBlob } from '../../store/shared.ts'
import type { BuiltImage, ExportedImage } from '../result.ts'
import { type Composed, collect, composeImages } from './compose.ts'
import { formatTime } from './config.ts'
import { makeDestination, writeDestination } from './destination.ts'
import { writeLayoutBlob } from './layout.ts'
import { imageMetadata } from './metadata.ts'
import type { ExportContext, ImageWishes } from './wishes.ts'

const FOLDER = 'blobs/sha256'
const MAX_INDEX = 4 * 1024 * 1024
const LAYOUT = '{"imageLayoutVersion":"1.0.0"}'

export interface ArchiveWishes extends ImageWishes {
  type: 'oci' | 'docker'
  /** A file, `-`, or with `folder` a directory. */
  destination: string | undefined
  folder: boolean
}

/**
 * Writes what was built as an OCI layout, in an archive or a directory; `docker`: as an archive that `docker load` reads, too. An
 * archive appears when it is whole. Throws `build` for several platforms in an archive of Docker's, `no-space`, `usage`.
 */
export async function archiveImages(
  context: ExportContext,
  images: readonly BuiltImage[],
  names: readonly string[],
  wishes: ArchiveWishes,
): Promise<ExportedImage> {
  if (wishes.type === 'docker' && (images.length > 1 || wishes.attest)) {
    throw new LighterError(
      'build',
      'docker exporter does not support exporting manifest lists, use the oci exporter instead',
    )
  }
  const { engine, onStep } = context
  using hold = openHold(engine.paths.data)
  const composed = await composeImages(context, images, wishes, hold)
  const root = withAnnotations(composed.root, wishes)
  const done = onStep(wishes.folder ? 'writing layout' : 'sending tarball')
  if (wishes.folder) await writeFolder(engine, composed, root, names, wishes.destination ?? '')
  else {
    const members = listMembers(engine, composed, root, names, wishes.type)
    await writeDestination(wishes.destination, (fd) => writeArchive(members, fd, wishes))
  }
  done()
  const [only] = composed.images
  const id = composed.root.digest === only?.manifest.digest ? only.id : undefined
  return {
    imageId: id,
    digest: composed.root.digest,
    metadata: imageMetadata({ root }, id, names),
  }
}

/** When it was made, and what annotations say of the entry of the layout's own index. */
function withAnnotations(root: DescriptorDocument, wishes: ArchiveWishes): DescriptorDocument {
  const own = wishes.annotations.filter(({ type }) => type === 'index-descriptor')
  const created = formatTime(wishes.epoch ?? new Date()).replace(/\.\d+Z$/, 'Z')
  const annotations = {
    ...root.annotations,
    ...collect(own),
    'org.opencontainers.image.created': created,
  }
  return { ...root, annotations }
}

/** One entry per name; those of `ctr` and others that read layouts look for these annotations. */
function indexEntries(root: DescriptorDocument, names: readonly string[]): DescriptorDocument[] {
  if (names.length === 0) return [ordered(root)]
  return names.map((name) =>
    ordered({
      ...root,
      annotations: {
        ...root.annotations,
        'io.containerd.image.name': name,
        'org.opencontainers.image.ref.name': parseReference(name).tag ?? '',
      },
    }),
  )
}

function ordered({ mediaType, digest, size, annotations, platform }: DescriptorDocument) {
  const sorted = Object.entries(annotations ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...{ mediaType, digest, size, annotations: Object.fromEntries(sorted) },
    ...(platform ? { platform } : {}),
  }
}

function listMembers(
  engine: Engine,
  { documents, layers, images }: Composed,
  root: DescriptorDocument,
  names: readonly string[],
  type: ArchiveWishes['type'],
): ArchiveMember[] {
  const blobs: ArchiveMember[] = [
    ...documents.map(
      ({ digest, bytes }): ArchiveMember => ({ name: memberName(digest), kind: 'document', bytes }),
    ),
    ...layers.map(
      ({ digest, size }): ArchiveMember => ({
        name: memberName(digest),
        kind: 'blob',
        open: () => openBlob(engine.stores, digest, size),
        digest,
        size,
      }),
    ),
  ]
  const document = (name: string, text: string): ArchiveMember => ({
    name,
    kind: 'document',
    bytes: Buffer.from(text),
  })
  const unique = new Map(blobs.map((member) => [member.name, member]))
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: indexEntries(root, names),
  }
  return [
    { name: 'blobs/', kind: 'directory' },
    { name: `${FOLDER}/`, kind: 'directory' },
    ...[...unique.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    document('index.json', JSON.stringify(index)),
    ...(type === 'docker' ? [document('manifest.json', dockerManifest(images, names))] : []),
    document('oci-layout', LAYOUT),
  ]
}

const memberName = (digest: DescriptorDocument['digest']): string =>
  `${FOLDER}/${digestHex(digest)}`

const dockerManifest = (images: Composed['images'], names: readonly string[]): string =>
  JSON.stringify(
    images.map(({ id, layers }) => ({
      Config: memberName(id),
      RepoTags:
        names.length > 0 ? names.map((name) => familiarReference(parseReference(name))) : null,
      Layers: layers.map(({ blob }) => memberName(blob.digest)),
    })),
  )

async function writeArchive(
  members: readonly ArchiveMember[],
  fd: number,
  { destination }: ArchiveWishes,
): Promise<void> {
  try {
    // Standard output may be a pipe that takes its time.
    if (fd === 1) return await pipeline(archiveBytes(members), process.stdout, { end: false })
    for await (const chunk of archiveBytes(members)) writeAll(fd, chunk)
  } catch (error) {
    throw spaceError(error, destination ?? 'standard output')
  }
}

/** Blobs first, then the index, which keeps what else the layout has; a name of ours takes the place of what had it. */
async function writeFolder(
  engine: Engine,
  { documents, layers }: Composed,
  root: DescriptorDocument,
  names: readonly string[],
  directory: string,
): Promise<void> {
  makeDestination(join(directory, FOLDER))
  for (const { digest, size } of layers) {
    const source = () => streamOf(openBlob(engine.stores, digest, size))
    await writeLayoutBlob(directory, { digest, size }, source)
  }
  for (const { digest, bytes } of documents)
    replaceFile(join(directory, memberName(digest)), bytes, true, 0o644)
  replaceFile(join(directory, 'oci-layout'), LAYOUT, true, 0o644)
  const path = join(directory, 'index.json')
  const old = parseJson(readSmallFile(path, MAX_INDEX)) as { manifests?: unknown } | undefined
  // Of what has no name the latest one is meant.
  const entries = indexEntries(root, names).map((entry) => withTag(entry))
  const taken = new Set(entries.map(nameOf))
  const kept = (Array.isArray(old?.manifests) ? old.manifests : []).filter(
    (entry) => !taken.has(nameOf(entry)),
  )
  const text = JSON.stringify({ schemaVersion: 2, manifests: [...kept, ...entries] })
  replaceFile(path, text, true, 0o644)
}

const REF_NAME = 'org.opencontainers.image.ref.name'

const withTag = (entry: DescriptorDocument): DescriptorDocument =>
  ordered({ ...entry, annotations: { [REF_NAME]: 'latest', ...entry.annotations } })

function nameOf(entry: unknown): string {
  const { annotations } = (entry ?? {}) as { annotations?: Record<string, unknown> }
  const image = annotations?.['io.containerd.image.name']
  return String(image ?? annotations?.[REF_NAME] ?? '')
}
