import { findWithState } from '../../lib/container/catalog.ts'
import { inspectContainer, withSizes } from '../../lib/container/inspect.ts'
import { type ErrorCode, LighterError } from '../../lib/core/errors.ts'
import { notInSwarm } from '../../lib/core/swarm.ts'
import type { Engine } from '../../lib/engine.ts'
import type { Context } from '../context.ts'
import { type DocumentKind, FormatError, makeInspector } from '../output/inspector.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `inspect` and the `inspect` of each kind: what is found as one JSON list or by a template, then what is not. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const kind = kindOf(parsed)
  const isImage = parsed.name.startsWith('image')
  const size = /^(image|volume|network)/.test(parsed.name) ? false : parsed.bool('size')
  const platform = isImage ? parsed.string('platform') : undefined
  try {
    const inspector = await makeInspector(parsed.string('format') ?? '')
    const failures: string[] = []
    for (const text of parsed.operands) {
      try {
        const found = await inspect(context.engine, kind, text, { size, platform })
        if (size && found.kind !== 'container') {
          context.warn(`WARNING: --size ignored for ${found.kind}`)
        }
        const failure = inspector.add(found.kind, found.document)
        if (failure) failures.push(failure)
      } catch (error) {
        if (!(error instanceof LighterError)) throw error
        failures.push(describeError(error))
      }
    }
    writeOut(inspector.text())
    for (const failure of failures) context.warn(failure)
    return failures.length > 0 ? 1 : 0
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    context.warn(error.message)
    return 64
  }
}

/** What Docker has and there is none of here. */
type ForeignKind = 'plugin' | 'service' | 'node' | 'task' | 'secret'
type Kind = DocumentKind | ForeignKind | ''

const KINDS: ReadonlySet<string> = new Set([
  'container',
  'image',
  'network',
  'volume',
  'plugin',
  'service',
  'node',
  'task',
  'secret',
  '',
])

function kindOf(parsed: Parsed): Kind {
  const word = parsed.name.split(' ')[0]
  if (word === 'container' || word === 'image' || word === 'volume' || word === 'network') {
    return word
  }
  const type = parsed.string('type') ?? ''
  if (KINDS.has(type)) return type as Kind
  throw new LighterError('usage', `"${type}" is not a valid value for --type`)
}

interface Found {
  kind: DocumentKind
  document: Record<string, unknown>
}

/** Where an object is looked for when its kind is not said, in Docker's order. */
const ORDER: readonly DocumentKind[] = ['container', 'image', 'network', 'volume']

/** What means that there is no such object of this kind. */
const MISSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'no-such-container',
  'no-such-image',
  'no-such-network',
  'no-such-volume',
  'bad-image-name',
])

interface Wanted {
  size: boolean
  platform: string | undefined
}

async function inspect(engine: Engine, kind: Kind, text: string, wanted: Wanted): Promise<Found> {
  if (kind !== '') {
    // Docker's client does not ask about nothing.
    if (text === '') throw new LighterError('no-such-object', `No such ${kind}: `)
    return { kind: kind as DocumentKind, document: await inspectKind(engine, kind, text, wanted) }
  }
  for (const candidate of text === '' ? [] : ORDER) {
    try {
      return { kind: candidate, document: await inspectKind(engine, candidate, text, wanted) }
    } catch (error) {
      if (!(error instanceof LighterError) || !MISSING.has(error.code)) throw error
    }
  }
  throw new LighterError('no-such-object', `No such object: ${text}`)
}

async function inspectKind(
  engine: Engine,
  kind: Exclude<Kind, ''>,
  text: string,
  { size, platform }: Wanted,
): Promise<Record<string, unknown>> {
  const { data } = engine.paths
  switch (kind) {
    case 'container':
      return await describeContainer(engine, text, size)
    case 'image':
      return await describeImage(engine, text, platform)
    case 'network':
      return (await import('../../lib/container/inspect-network.ts')).inspectNetwork(data, text)
    case 'volume':
      return await (await import('../../lib/volume/inspect.ts')).inspectVolume(engine.paths, text)
    case 'plugin':
      throw new LighterError('bad-input', `plugin "${text}" not found`)
    default:
      throw notInSwarm()
  }
}

async function describeImage(
  engine: Engine,
  text: string,
  platform: string | undefined,
): Promise<Record<string, unknown>> {
  const { inspectImage } = await import('../../lib/image/inspect.ts')
  return await inspectImage(engine, text, platform)
}

async function describeContainer(
  engine: Engine,
  text: string,
  size: boolean,
): Promise<Record<string, unknown>> {
  const container = findWithState(engine.paths.data, text)
  const document = inspectContainer(engine.stores, container)
  if (!size) return document
  const { measureContainers } = await import('../../lib/container/size.ts')
  const [measured] = await measureContainers(engine, [container])
  return withSizes(document, measured ?? { own: 0, total: 0 })
}
