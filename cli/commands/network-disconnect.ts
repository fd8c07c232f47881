import { findContainer } from '../../lib/container/catalog.ts'
import { disconnectNetwork } from '../../lib/container/connect.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { findNetwork } from '../../lib/network/record.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `network disconnect`: prints nothing. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { data } = context.engine.paths
  const [network = '', container = ''] = parsed.operands
  const force = parsed.bool('force')
  const found = find(data, { container, network, force })
  await disconnectNetwork(context.engine, found, network, force)
  return 0
}

interface Wish {
  container: string
  network: string
  force: boolean
}

function find(
  data: string,
  { container: text, network, force }: Wish,
): ReturnType<typeof findContainer> {
  try {
    return findContainer(data, text, { asWritten: true })
  } catch (error) {
    if (!force || !(error instanceof LighterError && error.code === 'no-such-container'))
      throw error
    findNetwork(data, network)
    throw new LighterError('bad-input', `endpoint ${text} not found`)
  }
}
