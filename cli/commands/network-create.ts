import { createNetwork } from '../../lib/network/create.ts'
import { planPools } from '../../lib/network/pool-wishes.ts'
import type { Context } from '../context.ts'
import { readLabels, readMap } from '../flags/key-values.ts'
import type { Parsed } from '../parse.ts'

/** `network create`: prints the id. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { id } = await createNetwork(context.engine, {
    name: parsed.operands[0] ?? '',
    driver: parsed.string('driver') || 'bridge',
    internal: parsed.bool('internal'),
    attachable: parsed.bool('attachable'),
    ingress: parsed.bool('ingress'),
    ipv6: parsed.bool('ipv6'),
    scope: parsed.string('scope') ?? '',
    options: readMap(parsed.list('opt')),
    labels: readLabels([], parsed.list('label')),
    pools: planPools({
      subnets: parsed.list('subnet'),
      gateways: parsed.list('gateway'),
      ranges: parsed.list('ip-range'),
      auxiliary: readMap(parsed.list('aux-address')),
    }),
    ipamDriver: parsed.string('ipam-driver') ?? '',
    ipamOptions: readMap(parsed.list('ipam-opt')),
    configOnly: parsed.bool('config-only'),
    configFrom: parsed.string('config-from') ?? '',
  })
  context.print(id)
  return 0
}
