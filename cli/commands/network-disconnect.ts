import { disconnectNetwork, findToDisconnect } from '../../lib/container/connect.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `network disconnect`: prints nothing. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const [network = '', container = ''] = parsed.operands
  const force = parsed.bool('force')
  const found = findToDisconnect(data, { container, network, force })
  await disconnectNetwork(context.engine, found, network, force)
  return 0
}
