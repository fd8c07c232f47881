import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { stopBuild } from './running.ts'

/** `POST /build/cancel?id=…`: stops the build that was begun with this `buildid`. */
export async function cancel({ service, query, reply }: Call): Promise<void> {
  const id = query.text('id')
  if (id === '') throw badRequest('build ID not provided')
  stopBuild(service, id)
  reply.empty(200)
}
