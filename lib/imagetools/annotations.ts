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

/** Parses `[type[platform]:]key=value`. Throws `bad-input`. */
export function parseAnnotation(text: string): Annotation {
  const at = text.indexOf('=')
  if (at < 0) throw bad(`invalid annotation ${JSON.stringify(text)}, expected key=value`)
  const found = /^(?:([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?:)?(\S+)$/.exec(text.slice(0, at))
  if (!found) {
    throw bad(
      `invalid annotation format, expected <type>:<key>=<value>, got ${JSON.stringify(text)}`,
    )
  }
  const [, type = '', platform, key = ''] = found
  if (!TYPES.has(type)) throw bad(`unknown annotation type ${JSON.stringify(type)}`)
  return {
    type,
    platform: platform === undefined ? undefined : readPlatform(platform),
    key,
    value: text.slice(at + 1),
  }
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
