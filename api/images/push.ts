import { pushImage } from '../../lib/image/push.ts'
import type { OnPushed } from '../../lib/image/push-layers.ts'
import { parseReference, type Reference } from '../../lib/oci/reference.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { failureOf } from '../http/errors.ts'
import { credentialsIn } from './credentials.ts'
import { withTag } from './new-name.ts'
import { platformIn } from './platform.ts'
import { ProgressStream } from './progress.ts'
import { withRegistry } from './registry-work.ts'

/** `POST /images/{name}/push`: gives one tag, or without one all of a repository, to its registry. */
export async function push(call: Call): Promise<void> {
  const { engine, version, headers, params, query, reply, signal } = call
  const wanted = readName(params.name ?? '', query.text('tag'))
  const platform = atLeast(version, 46) ? platformIn(query) : undefined
  const stream = new ProgressStream(reply)
  const credentials = credentialsIn(headers, wanted.registry, engine.paths)
  try {
    await withRegistry(call, credentials, (own) =>
      pushImage(own, wanted, {
        allTags: wanted.tag === undefined,
        platform,
        onProgress: tellPush(stream),
      }),
    )
  } catch (error) {
    if (signal.aborted) return
    stream.fail(error, failureOf(error).message)
  }
  await stream.end()
}

function readName(name: string, tag: string): Reference {
  const reference = parseReference(name)
  return tag === '' ? reference : withTag(reference, tag)
}

/** Shows a push in Docker's words. */
const tellPush =
  (stream: ProgressStream): OnPushed =>
  (event) => {
    if (event.type === 'start') {
      stream.tell({ status: `The push refers to repository [${event.repository}]` })
    } else if (event.type === 'layer') {
      stream.tellState(event.id, event.status, event.current, event.total)
    } else {
      const { tag, digest, size } = event
      stream.tell({ status: `${tag}: digest: ${digest} size: ${size}` })
      stream.tell({ progressDetail: {}, aux: { Tag: tag, Digest: digest, Size: size } })
    }
  }
