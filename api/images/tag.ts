import { giveName } from '../../lib/image/name.ts'
import { parseReference } from '../../lib/oci/reference.ts'
import type { Call } from '../http/call.ts'

/** `POST /images/{name}/tag`: one more name. A tag of its own stands before one in the name. */
export async function tag({ engine, params, query, reply }: Call): Promise<void> {
  const reference = parseReference(query.text('repo'))
  const own = query.text('tag')
  giveName(engine, params.name ?? '', own === '' ? reference : { ...reference, ...tagOf(own) })
  reply.empty(201)
}

/** Throws `bad-reference`. */
function tagOf(text: string) {
  const { tag, digest } = parseReference(`name:${text}`)
  return { tag, digest }
}
