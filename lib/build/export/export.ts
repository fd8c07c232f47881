import { LighterError } from '../../core/errors.ts'
import type { Engine } from '../../engine.ts'
import { type Annotation, parseAnnotations } from '../../imagetools/annotations.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'
import type { BuildOptions, OutputSpec } from '../options.ts'
import type { BuildProgress } from '../progress.ts'
import type { BuiltImage, ExportedImage } from '../result.ts'
import { fullReference, OutputAttributes } from './attributes.ts'
import { checkDestination, isDirectoryOutput } from './destination.ts'
import {
  type BuildFacts,
  formatProvenance,
  type ProvenanceWish,
  readAttests,
  subjectsOf,
} from './provenance.ts'
import { aroundStep } from './step.ts'
import type { ExportContext, ImageWishes } from './wishes.ts'

/** What an output needs to know beside what was built. */
export interface ExportRequest {
  options: BuildOptions
  facts: BuildFacts
  /** What is kept in the configuration of each image for later builds: `--cache-to type=inline`. */
  inlineCache?: ((index: number) => string | undefined) | undefined
}

/** What an output does, for progress: BuildKit's name of the step. */
const TITLES: Readonly<Record<OutputSpec['type'], string>> = {
  image: 'exporting to image',
  registry: 'exporting to image',
  docker: 'exporting to docker image format',
  oci: 'exporting to oci image format',
  local: 'exporting to client directory',
  tar: 'exporting to client tarball',
  cacheonly: '',
}

const USUAL: OutputSpec = { type: 'image', destination: undefined, attributes: {} }

/**
 * Looks at all outputs before anything is built. Throws `usage` and `build` in the words of Docker's client and BuildKit, and
 * `unsupported` for what an output cannot hold.
 */
export function checkOutputs(options: BuildOptions, platforms: number): void {
  const provenance = readAttests(options)
  for (const spec of outputsOf(options)) {
    const attributes = new OutputAttributes(spec)
    checkDestination(spec)
    attributes.layers('any')
    const annotations = annotationsOf(options, attributes)
    const kind = kindOf(spec, attributes)
    const names = namesOf(options, attributes)
    if (kind === 'push') {
      if (names.length === 0) {
        throw new LighterError('usage', 'tag is needed when pushing to registry')
      }
      if (attributes.truth('push-by-digest', false)) checkUntagged(options, attributes)
    }
    if (kind === 'store') checkStore(platforms, provenance, annotations)
    if (spec.type === 'docker' && kind === 'archive' && platforms > 1) {
      throw new LighterError(
        'usage',
        'docker exporter does not support exporting manifest lists, use the oci exporter instead',
      )
    }
  }
}

/** The store has images of one platform each, as Docker's own has. */
function checkStore(
  platforms: number,
  provenance: ProvenanceWish | undefined,
  annotations: readonly Annotation[],
): void {
  // Docker's client takes `--push` for another way to the store.
  const hint =
    '`lighter build --push` gives it to a registry, --output type=oci,dest=FILE writes it to a file.'
  if (platforms > 1) {
    throw new LighterError(
      'unsupported',
      'Multi-platform build is not supported for the docker driver: an image of several platforms cannot be kept in this store',
      {
        hint,
      },
    )
  }
  if (provenance?.explicit) {
    throw new LighterError(
      'unsupported',
      'an image with attestations cannot be kept in this store',
      {
        hint,
      },
    )
  }
  if (annotations.some(({ type }) => type === 'index')) {
    throw new LighterError('build', 'index annotations not supported for single platform export')
  }
}

function checkUntagged({ tags }: BuildOptions, attributes: OutputAttributes): void {
  const names = tags.length > 0 ? tags : attributes.rawNames
  const tagged = names.find((name) => parseReference(name).tag !== undefined)
  if (tagged === undefined) return
  const name = formatReference(parseReference(tagged))
  throw new LighterError('build', `can't push tagged ref ${name} by digest`)
}

/** Whether an output takes the layers as plain archives of their trees. */
export const wantsArchives = (options: BuildOptions): boolean =>
  outputsOf(options).some((spec) => {
    const attributes = new OutputAttributes(spec)
    return (
      kindOf(spec, attributes) === 'store' &&
      attributes.layers('any').compression === 'any' &&
      !attributes.truth('rewrite-timestamp', false)
    )
  })

/** Gives what was built away as each output wants it, one after the other. */
export async function exportBuild(
  engine: Engine,
  images: readonly BuiltImage[],
  request: ExportRequest,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<ExportedImage[]> {
  const exported: ExportedImage[] = []
  for (const spec of outputsOf(request.options)) {
    if (spec.type === 'cacheonly') continue
    const made = await aroundStep(titleOf(spec), progress, (onStep) =>
      exportOne({ engine, onStep, signal }, images, spec, request),
    )
    exported.push(made)
  }
  return exported
}

const outputsOf = ({ outputs }: BuildOptions): readonly OutputSpec[] =>
  outputs.length > 0 ? outputs : [USUAL]

const titleOf = (spec: OutputSpec): string =>
  spec.type === 'docker' && spec.destination === undefined ? TITLES.image : TITLES[spec.type]

type Kind = 'store' | 'push' | 'archive' | 'files' | 'nothing'

function kindOf(spec: OutputSpec, attributes: OutputAttributes): Kind {
  if (spec.type === 'cacheonly') return 'nothing'
  if (spec.type === 'local' || spec.type === 'tar') return 'files'
  if (spec.type === 'oci') return 'archive'
  if (spec.type === 'docker') return spec.destination === undefined ? 'store' : 'archive'
  return attributes.truth('push', spec.type === 'registry') ? 'push' : 'store'
}

/** `-t` counts before what the output says. */
const namesOf = ({ tags }: BuildOptions, attributes: OutputAttributes): string[] =>
  tags.length > 0 ? [...new Set(tags.map(fullReference))] : attributes.names

/** The same without the tag that is meant anyway. */
const givenNames = ({ tags }: BuildOptions, attributes: OutputAttributes): string[] => [
  ...new Set(tags.length > 0 ? tags : attributes.rawNames),
]

const annotationsOf = (
  { annotations }: BuildOptions,
  attributes: OutputAttributes,
): Annotation[] => [...annotations.flatMap(parseAnnotations), ...attributes.annotations]

async function exportOne(
  context: ExportContext,
  images: readonly BuiltImage[],
  spec: OutputSpec,
  request: ExportRequest,
): Promise<ExportedImage> {
  const attributes = new OutputAttributes(spec)
  const kind = kindOf(spec, attributes)
  const { options } = request
  if (kind === 'files') return await exportTree(context, images, spec, request, attributes)
  const names = namesOf(options, attributes)
  const wishes = imageWishes(images, spec, request, { attributes, kind, names })
  if (kind === 'store') {
    const { exportImage } = await import('./image.ts')
    return await exportImage(context, images, givenNames(options, attributes), wishes)
  }
  if (kind === 'push') {
    const { pushImages } = await import('./registry.ts')
    return await pushImages(context, images, names, {
      ...wishes,
      byDigest: attributes.truth('push-by-digest', false),
      store: attributes.truth('store', true),
      insecure: attributes.truth('registry.insecure', false),
    })
  }
  const { archiveImages } = await import('./archive.ts')
  return await archiveImages(context, images, names, {
    ...wishes,
    type: spec.type === 'docker' ? 'docker' : 'oci',
    destination: spec.destination,
    folder: isDirectoryOutput(spec),
  })
}

function imageWishes(
  images: readonly BuiltImage[],
  spec: OutputSpec,
  { options, facts, inlineCache }: ExportRequest,
  { attributes, kind, names }: { attributes: OutputAttributes; kind: Kind; names: string[] },
): ImageWishes {
  const annotations = annotationsOf(options, attributes)
  const epoch = attributes.epoch ?? facts.epoch
  const wish = provenanceFor(spec, kind, images.length, readAttests(options))
  const attest = wish && attester(images, options, { ...facts, epoch }, wish, names)
  const usualTypes = spec.type === 'oci' || kind === 'store' || annotations.length > 0
  return {
    ...attributes.layers(kind === 'store' ? 'any' : 'gzip'),
    oci: attest !== undefined || attributes.truth('oci-mediatypes', usualTypes),
    annotations,
    epoch,
    rewriteTimestamp: attributes.truth('rewrite-timestamp', false),
    inlineCache,
    attest,
  }
}

/** What nobody asked for goes to registries, and into indexes that are made anyway: it makes no index of a plain image in a file. */
function provenanceFor(
  { type }: OutputSpec,
  kind: Kind,
  platforms: number,
  wish: ProvenanceWish | undefined,
): ProvenanceWish | undefined {
  if (!wish || kind === 'store') return undefined
  if (wish.explicit || kind === 'push') return wish
  return type === 'oci' && platforms > 1 ? wish : undefined
}

const attester =
  (
    images: readonly BuiltImage[],
    options: BuildOptions,
    facts: BuildFacts,
    wish: ProvenanceWish,
    names: readonly string[],
  ): NonNullable<ImageWishes['attest']> =>
  (index, manifest) => {
    const image = images[index]
    if (!image) throw new Error(`no image ${index} was built`)
    const subjects = subjectsOf(names, image.platform, manifest)
    return formatProvenance(options, image, subjects, wish, facts)
  }

async function exportTree(
  context: ExportContext,
  images: readonly BuiltImage[],
  spec: OutputSpec,
  { options, facts }: ExportRequest,
  attributes: OutputAttributes,
): Promise<ExportedImage> {
  const { exportFiles } = await import('./files.ts')
  const wish = readAttests(options)
  return await exportFiles(context, images, {
    type: spec.type === 'tar' ? 'tar' : 'local',
    destination: spec.destination,
    split: attributes.truth('platform-split', true),
    prefix: attributes.prefix,
    attest: wish?.explicit
      ? (index, files) =>
          formatProvenance(options, images[index] ?? { materials: [] }, files, wish, facts)
      : undefined,
  })
}
