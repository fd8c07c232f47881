import { LighterError } from '../../../core/errors.ts'
import { parseTruth } from '../../../core/truth.ts'
import type { CacheSpec } from '../../options.ts'

const KNOWN = {
  to: {
    registry: [
      ...['ref', 'mode', 'image-manifest', 'oci-mediatypes', 'compression', 'compression-level'],
      ...['force-compression', 'ignore-error', 'registry.insecure'],
    ],
    local: [
      ...['dest', 'mode', 'image-manifest', 'oci-mediatypes', 'compression', 'compression-level'],
      ...['force-compression', 'ignore-error', 'tag'],
    ],
    inline: ['mode'],
  },
  from: {
    registry: ['ref', 'registry.insecure'],
    local: ['src', 'digest', 'tag'],
  },
} as const

type Way = keyof typeof KNOWN

const WORDS: Readonly<Record<Way, string>> = { to: 'exporter', from: 'importer' }
const NEEDED: Readonly<Record<Way, Readonly<Record<string, string>>>> = {
  to: { registry: 'ref', local: 'dest' },
  from: { registry: 'ref', local: 'src' },
}

/**
 * Checks a `--cache-to` or `--cache-from`. Throws `usage` and `build` in the words of Docker's client and BuildKit, and `unsupported` for
 * GitHub's own service.
 */
export function checkCacheSpec({ type, attributes }: CacheSpec, way: Way): void {
  if (type === 'gha') throw noGithub()
  const types: Readonly<Record<string, readonly string[]>> = KNOWN[way]
  const known = Object.hasOwn(types, type) ? types[type] : undefined
  if (!known) {
    throw new LighterError('build', `unknown cache ${WORDS[way]}: ${JSON.stringify(type)}`)
  }
  const needed = NEEDED[way][type]
  if (needed !== undefined && !attributes[needed]) {
    throw new LighterError('usage', `${type} cache ${WORDS[way]} requires ${needed}`)
  }
  for (const key of Object.keys(attributes)) {
    if (known.includes(key)) continue
    throw new LighterError(
      'usage',
      `unknown attribute ${JSON.stringify(key)} of the cache ${WORDS[way]} ${type}`,
    )
  }
  if (way === 'to' && !['min', 'max', undefined].includes(attributes.mode)) {
    throw new LighterError('usage', `invalid mode ${JSON.stringify(attributes.mode)}`)
  }
}

/** Whether it is of a kind that is known, be it as one that is refused. */
export const isKnownKind = ({ type }: CacheSpec, way: Way): boolean =>
  type === 'gha' || Object.hasOwn(KNOWN[way], type)

const noGithub = (): LighterError =>
  new LighterError(
    'unsupported',
    'cache type gha is not supported: it speaks to the cache service of GitHub Actions, with ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN of a runner',
    { hint: 'type=registry keeps the cache in any registry, type=local in a directory.' },
  )

/** A truth value of a cache's attributes. Throws `build`. */
export function cacheTruth({ attributes }: CacheSpec, key: string, otherwise: boolean): boolean {
  const text = attributes[key]
  if (text === undefined) return otherwise
  const truth = parseTruth(text)
  if (truth !== undefined) return truth
  throw new LighterError(
    'build',
    `failed to parse ${key}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}

/** What progress calls the making of a cache. */
export const cacheTitle = ({ type }: CacheSpec): string =>
  type === 'local' ? 'exporting cache to client directory' : `exporting cache to ${type}`

/** What progress calls the reading of a cache. */
export const importTitle = ({ type, attributes }: CacheSpec): string =>
  `importing cache manifest from ${type === 'local' ? `local:${attributes.src}` : (attributes.ref ?? type)}`
