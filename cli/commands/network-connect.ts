import { findContainer } from '../../lib/container/catalog.ts'
import { connectNetwork } from '../../lib/container/connect.ts'
import type { Context } from '../context.ts'
import { readMap } from '../flags/key-values.ts'
import type { Parsed } from '../parse.ts'

/** `network connect`: prints nothing. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const [network = '', container = ''] = parsed.operands
  const found = findContainer(data, container, { asWritten: true })
  const options = readMap(parsed.list('driver-opt'))
  const linkLocal = parsed.list('link-local-ip')
  const [ip, ip6] = [parsed.string('ip') ?? '', parsed.string('ip6') ?? '']
  const gwPriority = parsed.int('gw-priority') ?? 0
  await connectNetwork(context.engine, found, {
    network,
    networkId: '',
    aliases: parsed.list('alias'),
    links: parsed.list('link'),
    ...(ip ? { ipv4: ip } : {}),
    ...(ip6 ? { ipv6: ip6 } : {}),
    ...(linkLocal.length > 0 ? { linkLocal } : {}),
    ...(gwPriority === 0 ? {} : { gwPriority }),
    ...(Object.keys(options).length > 0 ? { driverOptions: options } : {}),
  })
  return 0
}
