import { LighterError } from '../core/errors.ts'
import type { DescriptorDocument } from '../oci/descriptor.ts'
import { formatPlatform, type Platform, parsePlatform } from '../oci/platform.ts'

const TYPES: ReadonlySet<string> = new Set([
  '',
  'index',
  'index-descriptor',
  'manifest',
  'manifest-descriptor',
])

/** An annotation and what it is for. */
export interface Annotation {
  type: string
  /** Only the manifest of this platform gets it. */
  platform: Platform | undefined
  key: string
  value: string
}

const TYPE = /^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$/

/** Parses `[type[platform],…:]key=value`: one for each type. Throws `bad-input`. */
export function parseAnnotations(text: string): Annotation[] {
  const at = text.indexOf('=')
  if (at < 0) throw bad(`invalid annotation ${JSON.stringify(text)}, expected key=value`)
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  const colon = name.indexOf(':')
  if (colon < 0) return [makeAnnotation('', undefined, name, value)]
  const key = name.slice(colon + 1)
  return name
    .slice(0, colon)
    .split(',')
    .map((one) => {
      const found = TYPE.exec(one)
      if (found) return makeAnnotation(found[1] ?? '', found[2], key, value)
      throw bad(
        `invalid annotation type ${JSON.stringify(one)}, expected type and optional platform in square brackets`,
      )
    })
}

/** An annotation of a type, `''` where none was told. Throws `bad-input` for a key that is none, types and platforms that there are not. */
export function makeAnnotation(
  type: string,
  platform: string | undefined,
  key: string,
  value: string,
): Annotation {
  if (!/^\S+$/.test(key)) {
    const text = JSON.stringify(`${key}=${value}`)
    throw bad(`invalid annotation format, expected <type>:<key>=<value>, got ${text}`)
  }
  if (!TYPES.has(type)) throw bad(`unknown annotation type ${JSON.stringify(type)}`)
  const only = platform === undefined ? undefined : readPlatform(platform)
  return { type, platform: only, key, value }
}

function readPlatform(text: string): Platform {
  try {
    return parsePlatform(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw bad(`invalid platform ${JSON.stringify(text)}: ${error.message}`)
  }
}

/** What annotations add to an index and to what it lists. Throws `bad-input` for those that have no place there. */
export function annotate(
  descriptors: readonly DescriptorDocument[],
  annotations: readonly Annotation[],
): { manifests: DescriptorDocument[]; annotations: Record<string, string> } {
  const own = new Map<string, string>()
  const manifests = [...descriptors]
  for (const { type, platform, key, value } of annotations) {
    if (type === 'index') own.set(key, value)
    else if (type === 'manifest-descriptor') {
      for (const [index, descriptor] of manifests.entries()) {
        if (!platform || formatPlatform(platform) === platformOf(descriptor)) {
          manifests[index] = withAnnotations(descriptor, { [key]: value })
        }
      }
    } else if (type === 'index-descriptor') {
      throw bad(`"${type}" annotations are invalid while creating an image`)
    } else throw bad(`"${type}" annotations are not supported yet`)
  }
  return { manifests, annotations: Object.fromEntries(own) }
}

const platformOf = ({ platform }: DescriptorDocument): string =>
  platform
    ? formatPlatform({
        os: platform.os,
        architecture: platform.architecture,
        variant: platform.variant ?? '',
      })
    : ''

/** A descriptor with more annotations, its members in their order. */
export function withAnnotations(
  { mediaType, digest, size, urls, annotations, ...rest }: DescriptorDocument,
  more: Readonly<Record<string, string>>,
): DescriptorDocument {
  const all = { ...annotations, ...more }
  const named = Object.keys(all).length > 0 ? { annotations: all } : {}
  return { mediaType, digest, size, ...(urls ? { urls } : {}), ...named, ...rest }
}

const bad = (message: string): LighterError => new LighterError('bad-input', message)
