import { Readable } from 'node:stream'
import { LighterError } from '../../lib/core/errors.ts'
import { importImage } from '../../lib/image/import.ts'
import { openUrl } from '../../lib/image/import-url.ts'
import { withOwnConnections } from '../../lib/registry/transport.ts'
import type { Call } from '../http/call.ts'
import { ApiError, badRequest, failureOf } from '../http/errors.ts'
import { archiveOf } from './archive.ts'
import { newNameIn } from './new-name.ts'
import { ProgressStream } from './progress.ts'

/**
 * `POST /images/create?fromSrc=…`: an image of one archive, from the body with `-`, else from an URL: no source is ever a file of
 * this machine. Tells the new image's id.
 */
export async function importArchive(call: Call): Promise<void> {
  const { query, reply, signal } = call
  const text = query.text('fromSrc')
  if (text === '') throw badRequest('one of fromImage and fromSrc is needed')
  const reference = newNameIn(query.text('repo'), query.text('tag'))
  const stream = new ProgressStream(reply)
  try {
    await withOwnConnections(signal, async () => {
      const source = await openSource(call, text, stream)
      const id = await importImage(call.engine, {
        ...source,
        comment: query.text('message'),
        changes: query.all('changes'),
        platform: query.text('platform') || undefined,
        reference,
      })
      stream.tell({ status: id })
    })
  } catch (error) {
    if (signal.aborted) return
    stream.fail(asDocker(error), failureOf(error).message)
  }
  await stream.end()
}

/** A text without a scheme is an URL of HTTP. */
async function openSource(call: Call, text: string, stream: ProgressStream) {
  if (text === '-') return { source: '-', input: archiveOf(call.body.stream) }
  const source = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (!/^https?:\/\//i.test(source)) throw badRequest(`unsupported protocol scheme: ${source}`)
  const { body, size } = await openUrl(source)
  stream.tell({ status: `Downloading from ${source}` })
  return { source, input: Readable.from(counted(body, size, stream), { objectMode: false }) }
}

async function* counted(body: Readable, total: number, stream: ProgressStream) {
  let current = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    current += chunk.length
    stream.tellCount('Importing', current, total)
    yield chunk
  }
}

/** Docker's daemon takes an archive that is cut off for a fault of its own, and says what another server has said. */
function asDocker(error: unknown): unknown {
  if (!(error instanceof LighterError)) return error
  if (error.message === 'unexpected EOF') return new ApiError(500, error.message)
  const told = /^failed to GET \S+ with status (40[0134]) /.exec(error.message)?.[1]
  return told === undefined ? error : new ApiError(Number(told), error.message)
}
