import { isAbsolute } from 'node:path'
import { LighterError } from '../lib/core/errors.ts'

/** Where the service listens. `fd`: descriptors that somebody opened for it, as systemd does. */
export type Address =
  | { type: 'unix'; path: string }
  | { type: 'tcp'; host: string; port: number }
  | { type: 'fd' }

/** `unix:///run/x.sock`, `tcp://127.0.0.1:2375`, `fd://`. Throws `usage`. */
export function parseAddress(text: string): Address {
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === 'fd') return { type: 'fd' }
  if (scheme === 'unix' && isAbsolute(rest) && !rest.includes('\0'))
    return { type: 'unix', path: rest }
  const [, host = '', port = ''] = /^(\[[0-9a-f:]+\]|[^:/[\]]+):(\d{1,5})$/i.exec(rest) ?? []
  if (scheme === 'tcp' && host !== '' && Number(port) < 65536) {
    return { type: 'tcp', host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  }
  throw new LighterError(
    'usage',
    `invalid address "${text}": it is unix:///PATH, tcp://HOST:PORT or fd://`,
  )
}

/** An address as clients are told it. */
export function addressText(address: Address): string {
  if (address.type === 'unix') return `unix://${address.path}`
  if (address.type === 'fd') return 'fd://'
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `tcp://${host}:${address.port}`
}
