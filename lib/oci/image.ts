import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import { normalise, type Platform } from './platform.ts'

export const MAX_MANIFEST = 4 * 1024 * 1024
export const MAX_CONFIG = 8 * 1024 * 1024
/** As many as the kernel takes for one root filesystem. */
export const MAX_LAYERS = 500
/** More places of one layer are not asked. */
const MAX_URLS = 8
/** Images of several platforms in an index. */
const MAX_OFFERS = 20_000

export const MEDIA_TYPES = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
} as const

export interface Descriptor {
  mediaType: string
  digest: Digest
  size: number
  /** Of a layer: where it is, too. */
  urls?: string[]
}

export interface PlatformDescriptor extends Descriptor {
  platform: Platform | undefined
}

export type Manifest =
  | { kind: 'index'; mediaType: string; manifests: PlatformDescriptor[] }
  | { kind: 'image'; mediaType: string; config: Descriptor; layers: Descriptor[] }

/** What `config.config` of an image says about its containers. Unknown members are kept for `inspect`. */
export interface ImageDefaults {
  user: string
  env: string[]
  entrypoint: string[]
  cmd: string[]
  workingDir: string
  labels: Record<string, string>
  volumes: string[]
  exposedPorts: string[]
  stopSignal: string
  healthcheck?: ImageHealthcheck
}

/** HEALTHCHECK: times in nanoseconds, 0 = the default. */
export interface ImageHealthcheck {
  test: string[]
  interval: number
  timeout: number
  startPeriod: number
  startInterval: number
  retries: number
}

export interface ImageConfig {
  platform: Platform
  created: string
  diffIds: Digest[]
  defaults: ImageDefaults
  /** The document itself. */
  raw: Readonly<Record<string, unknown>>
}

type Json = Readonly<Record<string, unknown>>

/** Parses a manifest or an index of either family. `name`: the image's, for messages. Throws `registry-protocol`, `unsupported`. */
export function parseManifest(
  bytes: Uint8Array,
  contentType: string,
  name = 'the image',
): Manifest {
  const document = parseDocument(bytes, 'manifest')
  if (document.schemaVersion === 1) {
    throw schemaOne(name)
  }
  const declared = typeof document.mediaType === 'string' ? document.mediaType : contentType
  const mediaType = declared.split(';')[0]?.trim() ?? ''
  if (Array.isArray(document.manifests)) {
    if (document.layers !== undefined || document.config !== undefined) throw damaged('manifest')
    const kind = mediaType === MEDIA_TYPES.dockerList ? mediaType : MEDIA_TYPES.ociIndex
    return {
      kind: 'index',
      mediaType: kind,
      manifests: bounded(document.manifests, MAX_OFFERS).map(parseChoice),
    }
  }
  if (!Array.isArray(document.layers)) throw damaged('manifest')
  const kind = mediaType === MEDIA_TYPES.dockerManifest ? mediaType : MEDIA_TYPES.ociManifest
  return {
    kind: 'image',
    mediaType: kind,
    config: parseDescriptor(document.config),
    layers: bounded(document.layers).map(parseLayer),
  }
}

/** Docker's words for a manifest of schema version 1, which registries gave up years ago. */
export const schemaOne = (name: string): LighterError =>
  new LighterError(
    'unsupported',
    `[DEPRECATION NOTICE] Docker Image Format v1 and Docker Image manifest version 2, schema 1 support is disabled by default and will be removed in an upcoming release. Suggest the author of ${name} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/`,
  )

/** Parses an image's configuration. Throws `registry-protocol`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const raw = parseDocument(bytes, 'configuration')
  const rootfs = isObject(raw.rootfs) ? raw.rootfs : {}
  const diffIds = Array.isArray(rootfs.diff_ids) ? bounded(rootfs.diff_ids) : []
  return {
    platform: normalise(text(raw.os) || 'linux', text(raw.architecture), text(raw.variant)),
    created: text(raw.created),
    diffIds: diffIds.map(parseDiffId),
    defaults: parseDefaults(isObject(raw.config) ? raw.config : {}),
    raw,
  }
}

function parseDefaults(config: Json): ImageDefaults {
  const labels = isObject(config.Labels) ? Object.entries(config.Labels) : []
  return {
    user: plain(config.User),
    // An entry without `=` would make the runtime copy the host's variable of that name.
    env: texts(config.Env).filter((entry) => entry.indexOf('=') > 0 && !entry.includes('\0')),
    entrypoint: texts(config.Entrypoint).map(plain),
    cmd: texts(config.Cmd).map(plain),
    workingDir: plain(config.WorkingDir),
    labels: Object.fromEntries(labels.map(([key, value]) => [key, text(value)])),
    volumes: isObject(config.Volumes) ? Object.keys(config.Volumes).map(plain) : [],
    exposedPorts: isObject(config.ExposedPorts) ? Object.keys(config.ExposedPorts) : [],
    stopSignal: plain(config.StopSignal),
    ...parseHealthcheck(config.Healthcheck),
  }
}

function parseHealthcheck(value: unknown): Pick<ImageDefaults, 'healthcheck'> {
  if (!isObject(value)) return {}
  const test = texts(value.Test).map(plain)
  if (test.length === 0) return {}
  return {
    healthcheck: {
      test,
      interval: count(value.Interval),
      timeout: count(value.Timeout),
      startPeriod: count(value.StartPeriod),
      startInterval: count(value.StartInterval),
      retries: count(value.Retries),
    },
  }
}

const count = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0

function parseChoice(value: unknown): PlatformDescriptor {
  const platform = isObject(value) && isObject(value.platform) ? value.platform : undefined
  return {
    ...parseDescriptor(value),
    platform:
      platform && normalise(text(platform.os), text(platform.architecture), text(platform.variant)),
  }
}

function parseLayer(value: unknown): Descriptor {
  const layer = parseDescriptor(value)
  const urls = texts((value as Json).urls).filter((url) => /^https?:/i.test(url))
  return urls.length > 0 ? { ...layer, urls: urls.slice(0, MAX_URLS) } : layer
}

/** Parses a content descriptor. Throws `registry-protocol`. */
export function parseDescriptor(value: unknown): Descriptor {
  if (!isObject(value)) throw damaged('manifest')
  const { mediaType, digest, size } = value
  if (typeof digest !== 'string' || !isDigest(digest)) throw damaged('manifest')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw damaged('manifest')
  return { mediaType: text(mediaType), digest, size }
}

function parseDiffId(value: unknown): Digest {
  if (typeof value === 'string' && isDigest(value)) return value
  throw damaged('configuration')
}

function parseDocument(bytes: Uint8Array, what: string): Json {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (isObject(value)) return value
  } catch {
    // The same sentence for what is no JSON and what is no object.
  }
  throw damaged(what)
}

function bounded(list: unknown[], limit = MAX_LAYERS): unknown[] {
  if (list.length > limit) {
    throw new LighterError('registry-protocol', `The image lists more than ${limit} parts`)
  }
  return list
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
/** What the kernel is given must end where it seems to end. */
function plain(value: unknown): string {
  const result = text(value)
  if (result.includes('\0')) throw damaged('configuration')
  return result
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
const damaged = (what: string): LighterError =>
  new LighterError('registry-protocol', `The image's ${what} is damaged`)
