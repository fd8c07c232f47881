import { createContainer } from '../../../lib/container/create.ts'
import { imageForContainer } from '../../../lib/container/image-for-container.ts'
import type { CreateRequest } from '../../../lib/container/request.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { ensureImage } from '../../../lib/image/ensure.ts'
import { type ApiVersion, atLeast } from '../../http/api-version.ts'
import type { Call } from '../../http/call.ts'
import { badRequest, failureOf } from '../../http/errors.ts'
import { checkPlatform } from '../../images/platform.ts'
import { isConfig } from './config.ts'
import { readCreateRequest } from './request.ts'

/** `POST /containers/create`: makes a container of an image that is here. */
export async function create(call: Call): Promise<void> {
  const document = await call.body.json('ContainerConfigWrapper')
  if (document === undefined) throw badRequest('invalid JSON: got EOF while reading request body')
  if (!isConfig(document)) {
    throw badRequest('config cannot be empty in order to create a container')
  }
  const request = readCreateRequest(document, call.query.text('name'), call.version)
  if (request.image === '') throw badRequest('no command specified')
  const { engine } = call
  const platform = readPlatform(call)
  const found = await ensureImage(engine, request.image, { policy: 'never', platform })
  const image = await imageForContainer(engine, found, platform)
  const { record, warnings } = await createContainer(engine, image, request).catch(notTheImage)
  const all = [...warningsOf(request, document, call.version), ...warnings, ...image.warnings]
  call.reply.json({ Id: record.id, Warnings: all }, 201)
}

/** A client takes 404 for a missing image, and pulls it: what is missing here is something else that the document names. */
function notTheImage(error: unknown): never {
  const { status, message } = failureOf(error)
  // A command line tells later what cannot be started.
  const isOfStart = error instanceof LighterError && error.code === 'start-failed'
  throw status === 404 || isOfStart ? badRequest(message) : error
}

/** Clients before 1.41 had no word for it. */
const readPlatform = ({ query, version }: Call): string | undefined =>
  atLeast(version, 41) ? checkPlatform(query.text('platform')) : undefined

function warningsOf(
  { connections, options }: CreateRequest,
  document: Readonly<Record<string, unknown>>,
  version: ApiVersion,
): string[] {
  const { oomKillDisable, memory } = options.resources ?? {}
  return [
    ...(connections.warning ? [connections.warning] : []),
    ...(document.MacAddress && atLeast(version, 44)
      ? [
          'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.',
        ]
      : []),
    ...(oomKillDisable && !memory
      ? [
          'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
        ]
      : []),
  ]
}
