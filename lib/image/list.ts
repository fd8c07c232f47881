import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { familiarName, parseReference } from '../oci/reference.ts'
import type { ReferenceRecord } from '../store/references.ts'
import { listAllReferences, readLayerAnywhere } from '../store/shared.ts'
import { type Image, readImage } from './find.ts'
import { isSquashed } from './layer-kind.ts'

export interface ListedImage {
  repository: string
  tag: string
  digest: string
  id: Digest
  /** As the image has it; empty where it says nothing. */
  created: string
  size: number
  labels: Readonly<Record<string, string>>
}

/** What stands for a name that is not there. */
export const NONE = '<none>'

/** One row per name, the newest image first. */
export function listImages(engine: Engine): ListedImage[] {
  const images = new Map<Digest, Image | undefined>()
  const all = listAllReferences(engine.stores)
  // What only keeps an image's parts is no name where another store gives it one.
  const named = new Set(all.filter(isNamed).map(({ imageId }) => imageId))
  const rows = all.filter((record) => isNamed(record) || !named.has(record.imageId))
  const listed = rows.flatMap((record) => {
    if (!images.has(record.imageId)) images.set(record.imageId, readImage(engine, record))
    const image = images.get(record.imageId)
    const names = image && rowNames(record, rows)
    if (!image || !names) return []
    const { config, id } = image
    const size = imageSize(engine, image)
    return [{ ...names, id, created: config.created, size, labels: config.defaults.labels }]
  })
  const age = ({ created }: ListedImage): number => Date.parse(created) || 0
  return listed.sort((a, b) => age(b) - age(a))
}

/** Sum of the unpacked layers. */
export const imageSize = (engine: Engine, image: Image): number =>
  image.config.diffIds.reduce((sum, diffId) => sum + layerSize(engine, image, diffId), 0)

/** What a layer of an image takes unpacked; 0 when nobody says so. */
export const layerSize = (engine: Engine, { layerSizes }: Image, diffId: Digest): number =>
  readLayerAnywhere(engine.stores, diffId, isSquashed(engine))?.bytes ?? layerSizes?.[diffId] ?? 0

const isNamed = ({ reference }: ReferenceRecord): boolean => !reference.startsWith('@')

type Names = Pick<ListedImage, 'repository' | 'tag' | 'digest'>

/** A digest that a tag of the same repository stands for has no row of its own. */
function rowNames(record: ReferenceRecord, rows: ReferenceRecord[]): Names | undefined {
  if (record.reference.startsWith('@')) return { repository: NONE, tag: NONE, digest: NONE }
  const reference = parseReference(record.reference)
  const repository = familiarName(reference)
  const family = rows.filter(
    ({ reference: other, imageId }) =>
      imageId === record.imageId &&
      !other.startsWith('@') &&
      familiarName(parseReference(other)) === repository,
  )
  if (reference.digest) {
    const tagged = family.some(({ reference: other }) => !other.includes('@'))
    return tagged ? undefined : { repository, tag: NONE, digest: reference.digest }
  }
  const digest = family.find(({ reference: other }) => other.includes('@'))?.reference
  return { repository, tag: reference.tag ?? NONE, digest: digest?.split('@')[1] ?? NONE }
}
