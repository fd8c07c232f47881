import { getImage } from '../../lib/image/find.ts'
import { readHistory } from '../../lib/image/history.ts'
import { familiarReference, parseReference } from '../../lib/oci/reference.ts'
import { listAllReferences } from '../../lib/store/shared.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { platformIn } from './platform.ts'
import { secondsOf } from './summary.ts'

/** `GET /images/{name}/history`: the steps that made an image, the last one first. */
export async function history({ engine, version, params, query, reply }: Call): Promise<void> {
  const { name = '' } = params
  const platform = atLeast(version, 48) ? platformIn(query) : undefined
  const steps = readHistory(engine, name, platform)
  const { id } = getImage(engine, name)
  const tags = listAllReferences(engine.stores)
    .filter(({ imageId, reference }) => imageId === id && !reference.includes('@'))
    .map(({ reference }) => familiarReference(parseReference(reference)))
  reply.json(
    steps.map((step, index) => ({
      Comment: step.comment,
      Created: secondsOf(step.created),
      CreatedBy: step.createdBy,
      Id: step.id,
      Size: step.size,
      Tags: index === 0 && tags.length > 0 ? tags : null,
    })),
  )
}
