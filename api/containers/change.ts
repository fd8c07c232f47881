import { findContainer } from '../../lib/container/catalog.ts'
import { renameContainer } from '../../lib/container/rename.ts'
import type { RestartPolicy } from '../../lib/container/supervision.ts'
import { updateContainer } from '../../lib/container/update.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'
import { readRestartPolicy } from './create/host.ts'
import { readLimits } from './create/resources.ts'

/** `POST /containers/{id}/rename` */
export async function rename({ engine, params, query, reply }: Call): Promise<void> {
  const name = query.text('name')
  if (name === '') throw badRequest('Neither old nor new names may be empty')
  await renameContainer(engine, findContainer(engine.paths.data, params.id ?? ''), name)
  reply.empty()
}

/** `POST /containers/{id}/update`: what the document does not name, or says zero for, stays as it is. */
export async function update({ engine, params, body, reply }: Call): Promise<void> {
  const fields = new Fields((await body.json('UpdateConfig')) ?? {}, 'UpdateConfig')
  const limits = readLimits(fields)
  // The one limit that is taken away by saying so.
  if (fields.intIfAny('PidsLimit') === 0) limits.pidsLimit = 0
  const policy = readPolicy(fields)
  const container = findContainer(engine.paths.data, params.id ?? '')
  const warnings = await updateContainer(engine, container, { limits, policy })
  reply.json({ Warnings: warnings.length > 0 ? warnings : null })
}

/** Unlike that of a new container one without a name is none, and `no` is a change. */
function readPolicy(fields: Fields): RestartPolicy | undefined {
  const policy = fields.object('RestartPolicy')
  if (policy.text('Name') === '') return undefined
  return readRestartPolicy(fields) ?? { name: 'no', maximumRetryCount: 0 }
}
