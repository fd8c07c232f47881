import { findContainer } from '../../lib/container/catalog.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

const MAX_PORT = 65535

/** `port`: where a container's ports are reached from the host. None is published in this version. */
export async function run({ engine }: Context, parsed: Parsed): Promise<number> {
  const [text = '', port] = parsed.operands
  findContainer(engine.paths.data, text)
  if (port === undefined) return 0
  for (const bound of (port.split('/')[0] ?? '').split('-')) checkPort(bound, port)
  throw new LighterError('usage', `Error: No public port '${port}' published for ${text}`)
}

function checkPort(bound: string, port: string): void {
  const [text = ''] = port.split('/')
  const bad = (reason: string): LighterError =>
    new LighterError(
      'usage',
      `Error: invalid port (${text}): strconv.ParseUint: parsing ${JSON.stringify(bound)}: ${reason}`,
    )
  if (!/^\d+$/.test(bound)) throw bad('invalid syntax')
  if (Number(bound) > MAX_PORT) throw bad('value out of range')
}
