import type { Call } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'
import { archiveOf } from '../images/archive.ts'
import { allCredentialsIn } from '../images/credentials.ts'
import { buildFromContext } from './from-context.ts'
import { CLIENT_SESSION, readBuildOptions } from './options.ts'
import { bringUpload, UPLOAD_PREFIX } from './uploads.ts'

/** `POST /build`: an image of a Dockerfile; its context is in the body, at an address, or in a session with the client. */
export async function build(call: Call): Promise<void> {
  const { query, body } = call
  const version = query.text('version')
  if (!['', '1', '2'].includes(version))
    throw badRequest(`invalid version ${JSON.stringify(version)}`)
  const id = query.text('buildid')
  if (version === '2' && id.startsWith(UPLOAD_PREFIX)) {
    await bringUpload(call.service, id.slice(UPLOAD_PREFIX.length), archiveOf(body.stream))
    return call.reply.empty(200)
  }
  if (version === '2' && query.text('session') !== '') {
    return await (await import('./session-build.ts')).buildWithSession(call)
  }
  if (['', CLIENT_SESSION].includes(query.text('remote')) && body.isEmpty) {
    throw new ApiError(500, 'Cannot locate specified Dockerfile: Dockerfile')
  }
  if (version !== '2' && query.text('remote') === CLIENT_SESSION) {
    throw badRequest(
      'experimental session with v1 builder is no longer supported, use builder version v2 (BuildKit) instead',
    )
  }
  const options = readBuildOptions(query, archiveOf(body.stream))
  await buildFromContext(call, options, allCredentialsIn(call.headers))
}
