import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { type Descriptor, MEDIA_TYPES, parseDescriptor } from './image.ts'

/** A platform with all that a descriptor says of it, in the order in which Go writes it. */
export interface PlatformDocument {
  architecture: string
  os: string
  'os.version'?: string
  'os.features'?: string[]
  variant?: string
}

/** A content descriptor with all its members, in the order in which Go writes them. */
export interface DescriptorDocument {
  mediaType: string
  digest: Digest
  size: number
  urls?: string[]
  annotations?: Record<string, string>
  data?: string
  platform?: PlatformDocument
  artifactType?: string
}

type Json = Readonly<Record<string, unknown>>

/** Whether what has this type lists manifests. */
export const isIndex = (mediaType: string): boolean =>
  mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerList

/** Whether what has this type is made of a configuration and layers. */
export const isImageManifest = (mediaType: string): boolean =>
  mediaType === MEDIA_TYPES.ociManifest || mediaType === MEDIA_TYPES.dockerManifest

/** Whether a registry has what has this type among its manifests. */
export const isManifest = (mediaType: string): boolean =>
  isIndex(mediaType) || isImageManifest(mediaType)

/** Whether what has this type is a manifest as registries had them before 2016. */
export const isSchemaOne = (mediaType: string): boolean =>
  mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+')

/** What may not be given to others, by its type. */
export const isForeign = ({ mediaType }: { mediaType: string }): boolean =>
  /\.foreign\.|\.nondistributable\./.test(mediaType)

/** What is fetched from where its manifest says, and so needs no registry: Docker skips it in a push. */
export const isElsewhere = (layer: Pick<Descriptor, 'mediaType' | 'urls'>): boolean =>
  isForeign(layer) && layer.urls !== undefined

/** Reads a descriptor as it is; what its members must not be is left out, except its three first ones. Throws `registry-protocol`. */
export function readDescriptor(value: unknown): DescriptorDocument {
  const descriptor = parseDescriptor(value)
  const { urls, annotations, data, platform, artifactType } = value as Json
  return {
    ...descriptor,
    ...(isFilled(readTexts(urls)) ? { urls: readTexts(urls) } : {}),
    ...(isFilled(readMap(annotations)) ? { annotations: readMap(annotations) } : {}),
    ...(typeof data === 'string' && data !== '' ? { data } : {}),
    ...(isObject(platform) ? { platform: readPlatform(platform) } : {}),
    ...(typeof artifactType === 'string' && artifactType !== '' ? { artifactType } : {}),
  }
}

/** Reads a platform, also from an image's configuration; nothing in it is normalised. */
export function readPlatform(value: unknown): PlatformDocument {
  const members = isObject(value) ? value : {}
  const version = readText(members['os.version'])
  const features = readTexts(members['os.features'])
  const variant = readText(members.variant)
  return {
    architecture: readText(members.architecture),
    os: readText(members.os),
    ...(version ? { 'os.version': version } : {}),
    ...(features.length > 0 ? { 'os.features': features } : {}),
    ...(variant ? { variant } : {}),
  }
}

/** The texts of a map; an entry that is something else is left out. */
export const readMap = (value: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isObject(value) ? value : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  )

/** Parses a document that must be an object. Throws `registry-protocol`. */
export function readObject(bytes: Uint8Array, what: string): Json {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // The same sentence for what is no JSON and what is no object.
  }
  throw new LighterError('registry-protocol', `${what} is damaged: it is no JSON object`)
}

const isFilled = (value: object): boolean => Object.keys(value).length > 0

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const readText = (value: unknown): string => (typeof value === 'string' ? value : '')

const readTexts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
