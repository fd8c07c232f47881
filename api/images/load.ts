import { LighterError } from '../../lib/core/errors.ts'
import { type Loaded, loadImages } from '../../lib/image/load.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest, failureOf } from '../http/errors.ts'
import { archiveOf } from './archive.ts'
import { platformIn } from './platform.ts'
import { ProgressStream } from './progress.ts'

/** `POST /images/load`: brings in all images of an archive. What is wrong with it is told in the stream. */
export async function load({ engine, version, query, body, reply, signal }: Call): Promise<void> {
  const platform = atLeast(version, 48) ? platformIn(query) : undefined
  const quiet = query.bool('quiet', true)
  if (body.isEmpty) throw badRequest('there is no archive in the body')
  const stream = new ProgressStream(reply)
  try {
    const loaded = await loadImages(engine, {
      input: archiveOf(body.stream),
      platform,
      onProgress: (event) => {
        if (quiet || event.type !== 'layer' || event.current === undefined) return
        stream.tellState(event.id, event.status, event.current, event.total)
      },
    })
    for (const each of loaded) stream.tell({ stream: `${describe(each)}\n` })
    // Docker's client shows an empty line then.
    if (loaded.length === 0) stream.tell({ stream: '' })
  } catch (error) {
    if (signal.aborted) return
    if (!(error instanceof LighterError)) throw error
    stream.tellFailure(failureOf(error).message)
  }
  await stream.end()
}

function describe(loaded: Loaded): string {
  if (loaded.type === 'named') return `Loaded image: ${loaded.name}`
  if (loaded.type === 'nameless') return `Loaded image ID: ${loaded.id}`
  return `The image ${loaded.name} already exists, renaming the old one with ID ${loaded.id} to empty string`
}
