import { LighterError } from '../../core/errors.ts'
import { parseTruth } from '../../core/truth.ts'
import type { Compression } from '../../image/layer-types.ts'
import { type Annotation, makeAnnotation } from '../../imagetools/annotations.ts'
import { formatReference, parseReference, withDefaultTag } from '../../oci/reference.ts'
import type { OutputSpec } from '../options.ts'
import type { LayerWishes } from './wishes.ts'

const LAYERS = ['compression', 'compression-level', 'force-compression']
const IMAGES = [...LAYERS, 'name', 'oci-mediatypes', 'rewrite-timestamp', 'source-date-epoch']
/** Said of what is so here in any case: images are unpacked as soon as they are here, and BuildKit itself has given up its build infos. */
const SETTLED = ['unpack', 'buildinfo', 'buildinfo-attrs']

/** What each type of output can be told; annotations beside it. */
const KNOWN: Readonly<Record<OutputSpec['type'], readonly string[]>> = {
  image: [
    ...IMAGES,
    ...SETTLED,
    ...['push', 'push-by-digest', 'name-canonical', 'store', 'registry.insecure'],
  ],
  registry: [
    ...IMAGES,
    ...SETTLED,
    ...['push', 'push-by-digest', 'name-canonical', 'store', 'registry.insecure'],
  ],
  docker: [...IMAGES, ...SETTLED, 'tar', 'context'],
  oci: [...IMAGES, ...SETTLED, 'tar'],
  local: ['platform-split', 'attestation-prefix'],
  tar: ['platform-split', 'attestation-prefix'],
  cacheonly: [],
}

const ANNOTATION = /^annotation(?:-([a-z-]+?))?(?:\[([^\]]+)\])?\.(.+)$/

/** What an output's attributes say, each read once it is asked for. Throws `usage` and `build` in BuildKit's words. */
export class OutputAttributes {
  readonly #spec: OutputSpec

  constructor(spec: OutputSpec) {
    this.#spec = spec
    for (const key of Object.keys(spec.attributes)) {
      if (KNOWN[spec.type].includes(key) || ANNOTATION.test(key)) continue
      throw new LighterError(
        'usage',
        `unknown attribute ${JSON.stringify(key)} of the output ${spec.type}`,
      )
    }
  }

  truth(key: string, otherwise: boolean): boolean {
    const text = this.#spec.attributes[key]
    if (text === undefined) return otherwise
    // `push` alone says yes.
    const truth = text === '' ? true : parseTruth(text)
    if (truth !== undefined) return truth
    throw new LighterError(
      'build',
      `non-bool value specified for ${key}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }

  /** As they were given. */
  get rawNames(): string[] {
    const text = this.#spec.attributes.name ?? ''
    return text === '' ? [] : text.split(',')
  }

  /** In their full form, with a tag. */
  get names(): string[] {
    return this.rawNames.map(fullReference)
  }

  get prefix(): string {
    return this.#spec.attributes['attestation-prefix'] ?? ''
  }

  /** Of the layers; `usual`: the compression that nobody has to ask for. */
  layers(usual: LayerWishes['compression']): LayerWishes {
    const { compression = usual, 'compression-level': level } = this.#spec.attributes
    if (!isCompression(compression) && compression !== usual) {
      throw new LighterError('build', `unsupported compression type ${compression}`)
    }
    const wishes = {
      compression: compression as LayerWishes['compression'],
      force: this.truth('force-compression', false),
    }
    if (level === undefined) return { ...wishes, level: undefined }
    return { ...wishes, level: parseLevel(level, compression) }
  }

  /** `annotation.KEY=VALUE`, `annotation-index.KEY`, `annotation-manifest[linux/amd64].KEY`… */
  get annotations(): Annotation[] {
    return Object.entries(this.#spec.attributes).flatMap(([key, value]) => {
      const [, type = '', platform, name = ''] = ANNOTATION.exec(key) ?? []
      if (name === '') return []
      const of = type === '' && platform !== undefined ? 'manifest' : type
      return [makeAnnotation(of, platform, name, value)]
    })
  }

  /** `source-date-epoch`, seconds since 1970. */
  get epoch(): Date | undefined {
    const text = this.#spec.attributes['source-date-epoch']
    if (text === undefined || text === '') return undefined
    if (/^\d{1,11}$/.test(text)) return new Date(Number(text) * 1000)
    throw new LighterError(
      'build',
      `invalid source-date-epoch: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }
}

const isCompression = (text: string): text is Compression =>
  text === 'uncompressed' || text === 'gzip' || text === 'zstd'

function parseLevel(text: string, compression: string): number {
  if (!/^[+-]?\d+$/.test(text)) {
    throw new LighterError(
      'build',
      `non-integer value ${text} specified for compression-level: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }
  const level = Number(text)
  const most = compression === 'zstd' ? 22 : 9
  if (level >= 0 && level <= most) return level
  throw new LighterError(
    'build',
    `failed to ensure compression type of "${compression}": failed to convert: ${compression}: invalid compression level: ${level}`,
  )
}

/** A name in its full form, with a tag. Throws `build` in BuildKit's words. */
export function fullReference(text: string): string {
  try {
    return formatReference(withDefaultTag(parseReference(text)))
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('build', `failed to parse ${text}: ${error.message}`, { cause: error })
  }
}
