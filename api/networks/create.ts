import { createNetwork } from '../../lib/network/create.ts'
import type { AddressPool } from '../../lib/network/record.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'

/** `POST /networks/create`. Two networks of one name there are never, whatever `CheckDuplicate` says: as in Docker since 25. */
export async function create({ engine, body, reply }: Call): Promise<void> {
  const wanted = new Fields((await body.json('NetworkCreateRequest')) ?? {}, 'NetworkCreateRequest')
  if (wanted.boolIfAny('EnableIPv4') === false) {
    throw badRequest(
      'IPv4 cannot be disabled on a bridge network: its containers reach the host by it',
    )
  }
  wanted.bool('CheckDuplicate')
  const ipam = wanted.object('IPAM')
  const { id } = await createNetwork(engine, {
    name: wanted.text('Name'),
    driver: wanted.text('Driver') || 'bridge',
    internal: wanted.bool('Internal'),
    attachable: wanted.bool('Attachable'),
    ingress: wanted.bool('Ingress'),
    ipv6: wanted.bool('EnableIPv6'),
    scope: wanted.text('Scope'),
    options: wanted.map('Options'),
    labels: wanted.map('Labels'),
    pools: ipam.objects('Config', 'IPAMConfig').map(readPool),
    ipamDriver: ipam.text('Driver'),
    ipamOptions: ipam.mapIfAny('Options') ?? null,
    configOnly: wanted.bool('ConfigOnly'),
    configFrom: wanted.object('ConfigFrom', 'ConfigReference').text('Network'),
  })
  reply.json({ Id: id, Warning: '' }, 201)
}

/** Empty texts are as good as none. */
function readPool(pool: Fields): AddressPool {
  const [ipRange, gateway] = [pool.text('IPRange'), pool.text('Gateway')]
  const auxiliary = pool.map('AuxiliaryAddresses')
  return {
    subnet: pool.text('Subnet'),
    ...(ipRange === '' ? {} : { ipRange }),
    ...(gateway === '' ? {} : { gateway }),
    ...(Object.keys(auxiliary).length > 0 ? { auxiliary } : {}),
  }
}
