import type { Engine } from '../../lib/engine.ts'
import { getImage } from '../../lib/image/find.ts'
import { EMPTY_CONFIG } from '../../lib/image/import.ts'
import { inspectImage } from '../../lib/image/inspect.ts'
import { imageSize } from '../../lib/image/list.ts'
import { listImageUsers } from '../../lib/image/users.ts'
import { type ApiVersion, atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { describeManifest } from './manifest-summary.ts'
import { platformIn } from './platform.ts'

type Json = Record<string, unknown>

/** `GET /images/{name}/json`: all that is known of an image, as clients of that version expect it. */
export async function inspect({ engine, version, params, query, reply }: Call): Promise<void> {
  const { name = '' } = params
  const platform = atLeast(version, 49) ? platformIn(query) : undefined
  const manifests = atLeast(version, 48) && query.bool('manifests')
  if (manifests && platform !== undefined) {
    throw badRequest('conflicting options: manifests and platform options cannot both be set')
  }
  const document = forVersion(await inspectImage(engine, name, platform), version)
  reply.json({ ...document, ...manifestMembers(engine, name, version, manifests) })
}

function manifestMembers(engine: Engine, name: string, version: ApiVersion, all: boolean): Json {
  if (!atLeast(version, 48)) return {}
  const image = getImage(engine, name)
  const users = listImageUsers(engine).filter(({ imageId }) => imageId === image.id)
  return {
    Descriptor: image.manifest,
    ...(all ? { Manifests: [describeManifest(image, imageSize(engine, image), users)] } : {}),
  }
}

/** Members came and went: the document is that of 1.45. */
function forVersion(document: Json, version: ApiVersion): Json {
  const { Config, Size } = document
  const { Id, RepoTags, RepoDigests, Parent, Comment, Created, ...rest } = document
  if (atLeast(version, 50)) return { ...document, Config: withoutContainers(Config) }
  if (atLeast(version, 45)) return document
  const created = Created === undefined && !atLeast(version, 44) ? ZERO_TIME : Created
  return {
    ...{ Id, RepoTags, RepoDigests, Parent, Comment },
    ...(created === undefined ? {} : { Created: created }),
    // Of the container that it was committed from: none was, says Docker for what its first builder has not built.
    ContainerConfig: EMPTY_CONFIG,
    ...(atLeast(version, 44) ? rest : insertVirtualSize(rest, Size)),
  }
}

/** The zero of Go's time. */
const ZERO_TIME = '0001-01-01T00:00:00Z'

const insertVirtualSize = (rest: Json, size: unknown): Json =>
  Object.fromEntries(
    Object.entries(rest).flatMap((entry) =>
      entry[0] === 'Size' ? [entry, ['VirtualSize', size]] : [entry],
    ),
  )

/** What only containers have was never an image's. */
const OF_CONTAINERS: ReadonlySet<string> = new Set([
  'Hostname',
  'Domainname',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'Image',
  'NetworkDisabled',
  'MacAddress',
  'StopTimeout',
])

const withoutContainers = (config: unknown): unknown =>
  typeof config === 'object' && config !== null
    ? Object.fromEntries(Object.entries(config).filter(([name]) => !OF_CONTAINERS.has(name)))
    : config
