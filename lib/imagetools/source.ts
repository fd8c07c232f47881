import { LighterError } from '../core/errors.ts'
import { type Digest, isDigest } from '../core/ids.ts'
import { parseJson } from '../fs/read.ts'
import { type PlatformDocument, readMap, readPlatform } from '../oci/descriptor.ts'
import { fullName, parseReference, type Reference } from '../oci/reference.ts'

/** What a user says of a source; what is not said is what the registry says. */
export interface Wish {
  mediaType: string
  digest: Digest | undefined
  size: number | undefined
  annotations: Record<string, string>
  platform: PlatformDocument | undefined
}

/** A source and the repository that has it. */
export interface Source {
  reference: Reference
  wish: Wish
}

interface ParsedSource {
  text: string
  reference: Reference | undefined
  wish: Wish
}

/**
 * Parses sources: references, digests, and descriptors in JSON. Those without a repository are in the only one that the other sources and
 * the tags are in. Throws `bad-input`.
 */
export function parseSources(texts: readonly string[], tags: readonly Reference[]): Source[] {
  const parsed = texts.map(parseSource)
  const named = parsed.flatMap(({ reference }) => reference ?? [])
  const repositories = new Map([...tags, ...named].map((known) => [fullName(known), known]))
  if (repositories.size === 0) {
    throw bad('no repositories specified, please set a reference in tag or source')
  }
  const [only] = repositories.values()
  return parsed.map(({ text, reference, wish }) => {
    if (reference) return { reference, wish }
    if (!only || repositories.size > 1) {
      throw bad(
        `multiple repositories specified, cannot infer repository for ${JSON.stringify(text)}`,
      )
    }
    return { reference: { ...only, tag: undefined, digest: wish.digest }, wish }
  })
}

function parseSource(text: string): ParsedSource {
  try {
    if (isDigest(text)) return { text, reference: undefined, wish: { ...NOTHING, digest: text } }
    if (text.startsWith('{')) return { text, reference: undefined, wish: parseDescriptor(text) }
    if (text.startsWith('sha256')) throw badDigest(text)
    return { text, reference: parseReference(text), wish: NOTHING }
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw bad(
      `failed to parse source ${JSON.stringify(text)}, valid sources are digests, references and descriptors: ${error.message}`,
    )
  }
}

/** A digest that is none is no name either. */
const badDigest = (text: string): LighterError =>
  bad(`invalid checksum digest ${/^sha256:.{64}$/s.test(text) ? 'format' : 'length'}`)

const NOTHING: Wish = {
  mediaType: '',
  digest: undefined,
  size: undefined,
  annotations: {},
  platform: undefined,
}

function parseDescriptor(text: string): Wish {
  const value = parseJson(text) as Partial<Record<string, unknown>> | null | undefined
  if (typeof value !== 'object' || value === null) throw bad('it is no JSON object')
  const { mediaType, digest, size, annotations, platform } = value
  if (typeof digest !== 'string' || !isDigest(digest)) throw bad('it has no sha256 digest')
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size: typeof size === 'number' && size !== 0 ? size : undefined,
    annotations: readMap(annotations),
    platform: platform === undefined ? undefined : readPlatform(platform),
  }
}

/** Parses the names of the new image. Throws `bad-reference`. */
export const parseTags = (texts: readonly string[]): Reference[] => texts.map(parseReference)

const bad = (message: string): LighterError => new LighterError('bad-input', message)
