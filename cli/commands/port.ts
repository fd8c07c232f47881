import { findWithState } from '../../lib/container/catalog.ts'
import type { PublishedPort } from '../../lib/container/state.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

const MAX_PORT = 65535

/** `port`: where a container's ports are reached from the host. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [text = '', port] = parsed.operands
  const { state } = findWithState(context.engine.paths.data, text)
  const ports = state.status === 'running' ? state.ports : []
  if (port === undefined || port === '') {
    for (const line of ports.map(describe).sort(compareNaturally)) context.print(line)
    return 0
  }
  const found = ports.filter(isMeant(port))
  if (found.length === 0) {
    throw new LighterError('usage', `Error: No public port '${port}' published for ${text}`)
  }
  for (const each of found) context.print(outside(each))
  return 0
}

const outside = ({ hostIp, hostPort }: PublishedPort): string =>
  hostIp.includes(':') ? `[${hostIp}]:${hostPort}` : `${hostIp}:${hostPort}`

const describe = (port: PublishedPort): string =>
  `${port.port}/${port.protocol} -> ${outside(port)}`

/** Numbers by their values, IPv4 before IPv6. */
const compareNaturally = (a: string, b: string): number => {
  const [left, right] = [Number.parseInt(a, 10), Number.parseInt(b, 10)]
  return left !== right ? left - right : a < b ? -1 : 1
}

/** `80` and `80/` mean `80/tcp`. As in Docker nothing is read into other ways to write a port or a protocol. */
function isMeant(text: string): (port: PublishedPort) => boolean {
  const [, number = '', protocol = ''] = /^([^/]*)\/?(.*)$/s.exec(text) ?? []
  checkPort(number)
  return (port) => String(port.port) === number && port.protocol === (protocol || 'tcp')
}

function checkPort(text: string): void {
  const bad = (reason: string): LighterError =>
    new LighterError(
      'usage',
      `Error: invalid port (${text}): strconv.ParseUint: parsing ${JSON.stringify(text)}: ${reason}`,
    )
  if (!/^\d+$/.test(text)) throw bad('invalid syntax')
  if (Number(text) > MAX_PORT) throw bad('value out of range')
}
