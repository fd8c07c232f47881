import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'

/** The full name of an image, as the grammar of distribution/reference defines it. */
export interface Reference {
  /** Registry host with its port, `docker.io` when the user named none. */
  registry: string
  /** Path in the registry, `library/debian`. */
  repository: string
  tag: string | undefined
  digest: Digest | undefined
}

const DEFAULT_REGISTRY = 'docker.io'
const COMPONENT = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${COMPONENT}(?:\\.${COMPONENT})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const PATH_COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const PATH = `${PATH_COMPONENT}(?:/${PATH_COMPONENT})*`
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const REFERENCE = new RegExp(
  `^(${DOMAIN})/(${PATH})(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(${DIGEST}))?$`,
)
const MAX_PATH = 255
/** Domain, path, tag and digest at their longest: nothing longer is worth matching. */
const MAX_TEXT = 1024

/** Parses what a user may write for an image; neither tag nor digest is filled in. Throws `bad-reference`. */
export function parseReference(text: string): Reference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`)
  }
  if (text.length > MAX_TEXT) throw invalid('invalid reference format')
  const { registry, remainder } = splitRegistry(text)
  const colon = remainder.indexOf(':')
  const path = colon < 0 ? remainder : remainder.slice(0, colon)
  if (path !== path.toLowerCase()) {
    throw invalid(`invalid reference format: repository name (${path}) must be lowercase`)
  }
  const match = REFERENCE.exec(`${registry}/${remainder}`)
  const repository = match?.[2]
  if (!match || !repository) throw invalid('invalid reference format')
  if (repository.length > MAX_PATH) {
    throw invalid(`repository name must not be more than ${MAX_PATH} characters`)
  }
  return { registry, repository, tag: match[3], digest: parseReferenceDigest(match[4]) }
}

/** Adds the tag `latest` where there is neither tag nor digest. */
export const withDefaultTag = (reference: Reference): Reference =>
  reference.tag || reference.digest ? reference : { ...reference, tag: 'latest' }

/** `docker.io/library/debian` */
export const fullName = ({ registry, repository }: Reference): string => `${registry}/${repository}`

/** The name as Docker shows it: `debian`, `user/image`, `127.0.0.1:5000/x`. */
export function familiarName({ registry, repository }: Reference): string {
  if (registry !== DEFAULT_REGISTRY) return `${registry}/${repository}`
  const short = repository.replace(/^library\//, '')
  return short.includes('/') || short === '' ? repository : short
}

/** The whole reference, normalised. */
export const formatReference = (reference: Reference): string =>
  fullName(reference) + suffix(reference)

/** The whole reference as Docker shows it. */
export const familiarReference = (reference: Reference): string =>
  familiarName(reference) + suffix(reference)

const suffix = ({ tag, digest }: Reference): string =>
  (tag ? `:${tag}` : '') + (digest ? `@${digest}` : '')

function splitRegistry(text: string): { registry: string; remainder: string } {
  const slash = text.indexOf('/')
  const first = slash < 0 ? '' : text.slice(0, slash)
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase()
  const registry =
    slash < 0 || !isHost ? DEFAULT_REGISTRY : first.replace(/^index\.docker\.io$/, DEFAULT_REGISTRY)
  const remainder = slash < 0 || !isHost ? text : text.slice(slash + 1)
  const official = registry === DEFAULT_REGISTRY && !remainder.includes('/')
  return { registry, remainder: official ? `library/${remainder}` : remainder }
}

function parseReferenceDigest(text: string | undefined): Digest | undefined {
  if (text === undefined) return undefined
  if (isDigest(text)) return text
  if (!text.startsWith('sha256:')) throw invalid('unsupported digest algorithm')
  throw invalid(
    text.length === 71 ? 'invalid checksum digest format' : 'invalid checksum digest length',
  )
}

const invalid = (message: string): LighterError => new LighterError('bad-reference', message)
