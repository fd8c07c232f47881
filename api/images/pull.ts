import { LighterError } from '../../lib/core/errors.ts'
import type { Engine } from '../../lib/engine.ts'
import type { OnProgress } from '../../lib/image/progress.ts'
import { pullImage } from '../../lib/image/pull.ts'
import { parseReference, type Reference } from '../../lib/oci/reference.ts'
import type { Call } from '../http/call.ts'
import { ApiError, failureOf } from '../http/errors.ts'
import { credentialsIn } from './credentials.ts'
import { withTag } from './new-name.ts'
import { checkPlatform } from './platform.ts'
import { ProgressStream } from './progress.ts'
import { withRegistry } from './registry-work.ts'

/** `POST /images/create?fromImage=…`: fetches an image, or without a tag all of a repository, and tells how far it is. */
export async function pull(call: Call): Promise<void> {
  const { engine, headers, query, reply, signal } = call
  const wanted = readName(query.text('fromImage'), query.text('tag'))
  const platform = checkPlatform(query.text('platform'))
  const stream = new ProgressStream(reply)
  const credentials = credentialsIn(headers, wanted.registry, engine.paths)
  try {
    await withRegistry(call, credentials, (own) => fetch(own, wanted, { platform, signal }, stream))
  } catch (error) {
    if (signal.aborted) return
    stream.fail(asDocker(error), failureOf(error).message)
  }
  await stream.end()
}

async function fetch(
  engine: Engine,
  wanted: Reference,
  options: { platform: string | undefined; signal: AbortSignal },
  stream: ProgressStream,
): Promise<void> {
  const onProgress = tellPull(stream)
  if (wanted.tag !== undefined || wanted.digest !== undefined) {
    await pullImage(engine, wanted, { ...options, onProgress })
    return
  }
  const { pullAllTags } = await import('../../lib/image/pull-tags.ts')
  await pullAllTags(engine, wanted, { ...options, watch: () => onProgress })
}

/** The tag may be a digest, too, and takes the place of one in the name. */
function readName(name: string, tag: string): Reference {
  // `pull -a` of old clients ends with a colon.
  const reference = parseReference(name.replace(/:$/, ''))
  if (tag === '') return reference
  if (!/^sha(256|384|512):[0-9a-f]+$/.test(tag)) return withTag(reference, tag)
  const { digest } = parseReference(`name@${tag}`)
  return { ...reference, digest }
}

/** Shows a pull in Docker's words. */
const tellPull =
  (stream: ProgressStream): OnProgress =>
  (event) => {
    if (event.type === 'start') {
      stream.tell({ status: `Pulling from ${event.repository}`, id: event.tag })
    } else if (event.type === 'layer') {
      stream.tellState(event.id, event.status, event.current, event.total)
    } else if (event.type === 'digest') {
      stream.tell({ status: `Digest: ${event.digest}` })
    } else {
      const what = event.fresh ? 'Downloaded newer image' : 'Image is up to date'
      stream.tell({ status: `Status: ${what} for ${event.reference}` })
    }
  }

/** What the registry does not show to this caller is not there, as far as he knows. */
function asDocker(error: unknown): unknown {
  const isHidden = error instanceof LighterError && error.message.startsWith('pull access denied')
  return isHidden ? new ApiError(404, error.message) : error
}
