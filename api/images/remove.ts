import { sweepAbandoned } from '../../lib/container/abandoned.ts'
import { removeImage } from '../../lib/image/remove.ts'
import { listImageUsers } from '../../lib/image/users.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { platformText } from './platform.ts'

/** `DELETE /images/{name}`: takes names away, and the image with its last. There are no untagged parents that `noprune` would keep. */
export async function remove({ engine, version, params, query, reply }: Call): Promise<void> {
  await sweepAbandoned(engine)
  const platforms = atLeast(version, 50) ? query.all('platforms').map(platformText) : []
  const lines = await removeImage(engine, params.name ?? '', {
    force: query.bool('force'),
    users: listImageUsers(engine),
    platforms,
  })
  reply.json(lines.map(deletion))
}

/** `Untagged: x` as a document. */
export function deletion(line: string): Record<string, string> {
  const [, verb = '', what = ''] = /^(\w+): (.*)$/s.exec(line) ?? []
  return { [verb.toLowerCase() === 'untagged' ? 'Untagged' : 'Deleted']: what }
}
