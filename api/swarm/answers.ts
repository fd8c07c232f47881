import { LighterError } from '../../lib/core/errors.ts'
import { notInSwarm } from '../../lib/core/swarm.ts'
import type { Call, Handler } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'

/** What an engine answers that manages no swarm, once it understands what is asked. */
export async function refuseManager({ query }: Call): Promise<void> {
  query.filters()
  query.strictBool('status')
  throw notInSwarm()
}

/** The same of what comes with a document; `type`: what Go calls it. */
export const refuseDocument =
  (type: string): Handler =>
  async ({ body }: Call) => {
    await body.json(type)
    throw notInSwarm()
  }

/** There is nothing here that could be a node of a swarm: other machines would have to reach it. */
export async function refuseInit(): Promise<void> {
  throw new ApiError(
    501,
    'swarm mode is not supported: containers of an unprivileged user cannot be reached from other machines',
  )
}

export async function refuseLeave(): Promise<void> {
  throw new ApiError(503, 'This node is not part of a swarm')
}

/** `POST /nodes/{id}/update` and the like; the version is read first. */
export const refuseUpdate =
  (kind: string, type: string): Handler =>
  async ({ query, body }: Call) => {
    await body.json(type)
    const version = query.text('version')
    if (/^\d{1,20}$/.test(version)) throw notInSwarm()
    const isTold = kind !== 'secret' && kind !== 'config'
    const why = `strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`
    throw badRequest(`invalid ${kind} version${isTold ? ` '${version}': ${why}` : ''}`)
  }

/** `GET /services/{id}/logs`, `GET /tasks/{id}/logs`. */
export async function refuseLogs({ query }: Call): Promise<void> {
  if (!query.bool('stdout') && !query.bool('stderr')) {
    throw badRequest('Bad parameters: you must choose at least one stream')
  }
  throw notInSwarm()
}

const PLUGIN_FILTERS: ReadonlySet<string> = new Set(['capability', 'enabled'])

/** `GET /plugins`: none is installed ever. Those that are there without an engine's doing are in `GET /info`. */
export async function listPlugins({ query, reply }: Call): Promise<void> {
  for (const name of query.filters().keys()) {
    if (!PLUGIN_FILTERS.has(name)) throw badRequest(`invalid filter '${name}'`)
  }
  reply.json([])
}

export async function missPlugin({ params }: Call): Promise<void> {
  throw new LighterError('no-such-plugin', `plugin ${JSON.stringify(params.name)} not found`)
}

/** Such a plugin is a container of the engine's with the rights of root of the host. */
export async function refusePlugins(): Promise<void> {
  throw new ApiError(
    501,
    'plugins cannot be installed: they need root of the host; a volume plugin that runs by itself is found by its socket',
  )
}
