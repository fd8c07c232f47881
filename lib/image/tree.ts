import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { formatPlatform } from '../oci/platform.ts'
import { getImage } from './find.ts'
import { type ListedImage, NONE } from './list.ts'
import { listImageUsers } from './users.ts'

/** An image with all its tags, and its one platform that is here. */
export interface TreeImage {
  id: Digest
  names: string[]
  platform: string
  /** Bytes as a registry has them. */
  content: number
  /** Bytes on the disk: those, and the unpacked layers. */
  disk: number
  isUsed: boolean
}

/** The images of these rows, in their order. */
export function listTree(engine: Engine, rows: readonly ListedImage[]): TreeImage[] {
  const used = new Set(listImageUsers(engine).map(({ imageId }) => imageId))
  const images = new Map<Digest, TreeImage>()
  for (const row of rows) {
    const image = images.get(row.id) ?? describe(engine, row, used.has(row.id))
    if (row.tag !== NONE) image.names.push(`${row.repository}:${row.tag}`)
    images.set(row.id, image)
  }
  return [...images.values()]
}

function describe(engine: Engine, { id, size }: ListedImage, isUsed: boolean): TreeImage {
  const { manifest, layers, config } = getImage(engine, id)
  const content = [manifest, ...layers].reduce((sum, blob) => sum + blob.size, 0)
  const platform = formatPlatform(config.platform)
  return { id, names: [], platform, content, disk: content + size, isUsed }
}
