import { findContainer } from '../../lib/container/catalog.ts'
import { connectNetwork, disconnectNetwork, findToDisconnect } from '../../lib/container/connect.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'
import { readEndpoint } from './endpoint.ts'

/** `POST /networks/{id}/connect`. */
export async function connect({ engine, params, body, reply }: Call): Promise<void> {
  const wanted = new Fields((await body.json('NetworkConnect')) ?? {}, 'NetworkConnect')
  const container = findContainer(engine.paths.data, nameOf(wanted), { asWritten: true })
  const endpoint = readEndpoint(
    params.name ?? '',
    wanted.object('EndpointConfig', 'EndpointSettings'),
  )
  await connectNetwork(engine, container, endpoint)
  reply.empty(200)
}

/** `POST /networks/{id}/disconnect`. */
export async function disconnect({ engine, params, body, reply }: Call): Promise<void> {
  const wanted = new Fields((await body.json('NetworkDisconnect')) ?? {}, 'NetworkDisconnect')
  const { name: network = '' } = params
  const force = wanted.bool('Force')
  const found = findToDisconnect(engine.paths.data, { container: nameOf(wanted), network, force })
  await disconnectNetwork(engine, found, network, force)
  reply.empty(200)
}

function nameOf(wanted: Fields): string {
  const name = wanted.text('Container')
  if (name === '') throw badRequest('invalid name or ID supplied: ""')
  return name
}
