import { LighterError } from '../core/errors.ts'
import { digestHex } from '../core/ids.ts'
import { MAX_CONFIG, parseImageConfig } from '../oci/image.ts'
import { familiarReference, formatReference, parseReference, withDefaultTag } from '../oci/reference.ts'
import { hasSingleId } from '../runtime/userns.ts'
import type { IdMap } from '../runtime/protocol.ts'
import { readBlob } from '../store/blobs.ts'
import { layerName } from '../store/layers.ts'
import { listReferences, type ReferenceRecord, readReference } from '../store/references.ts'
import type { ImageForContainer } from './decide.ts'

/** What a container needs of an image that is here, by reference, id or the unique beginning of an id. */
export function findContainerImage(
  data: string,
  text: string,
  idMap: IdMap,
): ImageForContainer | undefined {
  const record = lookUp(data, text)
  const bytes = record && readBlob(data, record.imageId, MAX_CONFIG)
  if (!record || !bytes) return undefined
  const config = parseImageConfig(bytes)
  const squashed = hasSingleId(idMap)
  return {
    id: record.imageId,
    layers: config.diffIds.map((diffId) => layerName(diffId, squashed)),
    defaults: config.defaults,
  }
}

function lookUp(data: string, text: string): ReferenceRecord | undefined {
  const hex = /^(?:sha256:)?([0-9a-f]{1,64})$/.exec(text)?.[1]
  const named = hex?.length === 64 || text.startsWith('sha256:') ? undefined : byName(data, text)
  if (named || !hex) return named
  const matches = listReferences(data).filter(({ imageId }) => digestHex(imageId).startsWith(hex))
  const ids = new Set(matches.map(({ imageId }) => imageId))
  if (ids.size > 1) throw new LighterError('bad-input', `multiple IDs found with provided prefix: ${text}`)
  return matches[0]
}

const byName = (data: string, text: string): ReferenceRecord | undefined =>
  readReference(data, formatReference(withDefaultTag(parseReference(text))))

/** `nosuch:latest`, as error texts name an image. */
export const imageName = (text: string): string =>
  familiarReference(withDefaultTag(parseReference(text)))
