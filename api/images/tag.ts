import { giveName } from '../../lib/image/name.ts'
import { parseReference } from '../../lib/oci/reference.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { newNameIn } from './new-name.ts'

/** `POST /images/{name}/tag`: one more name. A tag of its own stands before one in the name. */
export async function tag({ engine, params, query, reply }: Call): Promise<void> {
  const name = newNameIn(query.text('repo'), query.text('tag'))
  if (name === undefined) throw badRequest('invalid reference format')
  giveName(engine, params.name ?? '', parseReference(name))
  reply.empty(201)
}
