import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import { inParallel } from '../core/parallel.ts'
import { makeBudget } from '../manifest/budget.ts'
import { fetchBlob, fetchManifest } from '../manifest/fetch.ts'
import {
  type DescriptorDocument,
  isIndex,
  isManifest,
  type PlatformDocument,
  readDescriptor,
  readObject,
  readPlatform,
} from '../oci/descriptor.ts'
import { MAX_CONFIG } from '../oci/image.ts'
import { formatPlatform, normalise } from '../oci/platform.ts'
import { formatReference } from '../oci/reference.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import { listedIn } from './combine.ts'
import { type ImageDocument, imageDocument } from './image-document.ts'

const PARALLEL = 5
const MAX_MANIFESTS = 2000
/** Says of which image a manifest tells something. */
const REFERS = ['com.docker.reference.digest', 'vnd.docker.reference.digest']

interface Manifest {
  descriptor: DescriptorDocument
  config: DescriptorDocument
  layers: DescriptorDocument[]
}

/** What is behind a manifest: an image for each platform, and what others tell of it. */
export interface Details {
  images: Map<string, { image: ImageDocument; attestations: DescriptorDocument[] }>
}

/** Fetches every manifest and configuration below one. Throws `digest-mismatch`, `registry-…`. */
export async function readDetails(
  repository: OwnRepository,
  top: DescriptorDocument,
  bytes: Buffer,
): Promise<Details> {
  const keep = makeBudget(formatReference(repository.reference))
  const manifests = await collect(repository, top, bytes, keep)
  const subjects = new Map<Digest, Manifest[]>()
  const images = new Map<string, Manifest>()
  for (const manifest of manifests) {
    const subject = subjectOf(manifest.descriptor)
    if (subject) subjects.set(subject, [...(subjects.get(subject) ?? []), manifest])
    else images.set(await platformOf(repository, manifest), manifest)
  }
  const read = await inParallel([...images], PARALLEL, async ([platform, manifest]) => {
    const image = imageDocument(await readConfig(repository, manifest, keep))
    const attestations = (subjects.get(manifest.descriptor.digest) ?? []).flatMap(
      ({ layers }) => layers,
    )
    return [platform, { image, attestations }] as const
  })
  return { images: new Map(read.toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}

/** The manifests of images in an index and in those that it lists. */
async function collect(
  repository: OwnRepository,
  top: DescriptorDocument,
  topBytes: Buffer,
  keep: (document: Uint8Array) => void,
): Promise<Manifest[]> {
  const found = new Map<Digest, Manifest>()
  const seen = new Set<Digest>()
  const visit = async (descriptor: DescriptorDocument, known?: Buffer): Promise<void> => {
    if (seen.has(descriptor.digest) || !isManifest(descriptor.mediaType)) return
    seen.add(descriptor.digest)
    if (seen.size > MAX_MANIFESTS) {
      throw new LighterError(
        'registry-protocol',
        `${repository.reference.repository} lists more than ${MAX_MANIFESTS} manifests`,
      )
    }
    const bytes = known ?? (await fetchManifest(repository, descriptor.digest)).bytes
    keep(bytes)
    if (isIndex(descriptor.mediaType)) {
      for (const child of listedIn(bytes)) await visit(child)
    } else found.set(descriptor.digest, readManifest(descriptor, bytes))
  }
  await visit(top, topBytes)
  return [...found.values()]
}

function readManifest(descriptor: DescriptorDocument, bytes: Buffer): Manifest {
  const { config, layers } = readObject(bytes, `the manifest ${descriptor.digest}`)
  return {
    descriptor,
    config: readDescriptor(config),
    layers: (Array.isArray(layers) ? layers : []).map(readDescriptor),
  }
}

function subjectOf({ annotations = {} }: DescriptorDocument): Digest | undefined {
  const named = REFERS.map((name) => annotations[name]).find((value) => value !== undefined)
  return named !== undefined && isDigest(named) ? named : undefined
}

async function platformOf(repository: OwnRepository, manifest: Manifest): Promise<string> {
  const { platform } = manifest.descriptor
  return nameOf(platform ?? readPlatform(await readConfig(repository, manifest)))
}

const nameOf = ({ os, architecture, variant = '' }: PlatformDocument): string =>
  formatPlatform(normalise(os || 'linux', architecture, variant))

async function readConfig(
  repository: OwnRepository,
  { config }: Manifest,
  keep: (document: Uint8Array) => void = () => undefined,
) {
  const bytes = await fetchBlob(repository, config, MAX_CONFIG)
  keep(bytes)
  return readObject(bytes, `the configuration ${config.digest}`)
}
