import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { getImage } from './find.ts'
import { layerSize } from './list.ts'
import { checkImagePlatform, wantedPlatform } from './platform.ts'

/** One step that made an image. */
export interface HistoryStep {
  /** Of the whole image; steps below the last one have none of their own. */
  id: Digest | '<missing>'
  /** As the image has it; empty where it says nothing. */
  created: string
  createdBy: string
  comment: string
  /** Bytes that the step's layer takes. */
  size: number
}

/** The steps that made an image, the last one first. Throws `no-such-image`, `bad-image-name`, `damaged-image`. */
export function readHistory(
  engine: Engine,
  text: string,
  platform?: string | undefined,
): HistoryStep[] {
  const wanted = wantedPlatform(platform)
  // Docker's client asks its daemon for a page without a name.
  if (text === '') throw new LighterError('no-such-image', 'page not found')
  const image = getImage(engine, text)
  checkImagePlatform(text, image, wanted)
  const { id, config } = image
  const layers = config.diffIds.values()
  const steps = entriesOf(config.raw.history).map((entry): HistoryStep => {
    const layer = entry.empty_layer === true ? undefined : nextLayer(layers)
    return {
      id: '<missing>',
      created: textOf(entry.created),
      createdBy: textOf(entry.created_by),
      comment: textOf(entry.comment),
      size: layer ? layerSize(engine, image, layer) : 0,
    }
  })
  const last = steps.at(-1)
  if (last) last.id = id
  return steps.reverse()
}

function nextLayer(layers: Iterator<Digest>): Digest {
  const { done, value } = layers.next()
  if (!done) return value
  throw new LighterError('damaged-image', 'too many non-empty layers in History section')
}

type Json = Readonly<Record<string, unknown>>

const entriesOf = (history: unknown): Json[] =>
  Array.isArray(history) ? history.map((entry) => (isObject(entry) ? entry : {})) : []

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
