import { lazyNet } from '../../core/lazy.ts'
import type { HostEntry } from '../run/request.ts'
import { badSpec } from './fields.ts'

/** Stands for the address at which the host answers. */
const HOST_GATEWAY = 'host-gateway'

/** Parses an `--add-host`: `NAME=ADDRESS` or `NAME:ADDRESS`; the address may be `host-gateway`. Throws `usage`. */
export function parseHost(text: string): HostEntry {
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':')
  const name = text.slice(0, Math.max(0, at))
  const written = text.slice(at + 1)
  if (name === '' || written === '') throw badSpec(`invalid host ${text}`)
  if (written === HOST_GATEWAY) return { name, address: written }
  const address = written.replace(/^\[(.+)\]$/, '$1')
  if (lazyNet().isIP(address) === 0) throw badSpec(`invalid host ${text}`)
  return { name, address }
}
