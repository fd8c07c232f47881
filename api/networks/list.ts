import { describeNetwork, inspectNetwork } from '../../lib/container/inspect-network.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { filterNetworks } from '../../lib/housekeeping/networks.ts'
import { listNetworks } from '../../lib/network/record.ts'
import { type ApiVersion, atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'

/** `GET /networks`: those that pass the filters; who is on them is told of one alone. */
export async function list({ engine, query, reply, version }: Call): Promise<void> {
  const networks = filterNetworks(listNetworks(engine.paths.data), query.filters())
  reply.json(networks.map((network) => inVersion(describeNetwork(network), version)))
}

/** `GET /networks/{id}`. Of `verbose` there is something to say in swarms only. */
export async function inspect({ engine, params, query, reply, version }: Call): Promise<void> {
  const { name = '' } = params
  query.strictBool('verbose')
  const document = inspectNetwork(engine.paths.data, name)
  const scope = query.text('scope')
  if (scope !== '' && scope !== 'local') {
    throw new LighterError('no-such-network', `network ${name} not found`)
  }
  reply.json(inVersion(document, version))
}

/** Every network has IPv4; from 1.48 on that is said. */
function inVersion(document: Record<string, unknown>, version: ApiVersion): object {
  if (!atLeast(version, 48)) return document
  return Object.fromEntries(
    Object.entries(document).flatMap((entry) =>
      entry[0] === 'EnableIPv6' ? [['EnableIPv4', true], entry] : [entry],
    ),
  )
}
