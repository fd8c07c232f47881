import { LighterError } from '../../lib/core/errors.ts'
import { quote } from '../../lib/format/quote.ts'
import { BadUrl, type GoUrl, parseGoUrl } from './go-url.ts'

/** The kernel's limit for the path of a socket. */
const MAX_SOCKET_PATH = 108

/** Whether an address leads over ssh, where certificates play no part. Throws `usage` with Docker's sentence for what is no address. */
export function isSshHost(host: string): boolean {
  const url = parse(host)
  if (url.scheme !== 'ssh') return false
  const wrong = sshFault(url)
  if (wrong !== undefined) throw refusal(`ssh host connection is not valid: ${wrong}`)
  return true
}

function parse(host: string): GoUrl {
  try {
    return parseGoUrl(host)
  } catch (error) {
    if (!(error instanceof BadUrl)) throw error
    const shown = host.split('#')[0] ?? ''
    throw refusal(`parse ${quote(shown)}: ${error.message}`)
  }
}

function sshFault({ user, hostname, query, fragment }: GoUrl): string | undefined {
  if (user?.includes(':')) return 'plain-text password is not supported'
  if (hostname === '') return 'no host specified'
  if (query !== '') return `extra query after the host: ${quote(query)}`
  if (fragment !== '') return `extra fragment after the host: ${quote(fragment)}`
  return undefined
}

/** Throws `usage` for the address of an engine that no client could connect to. */
export function checkReachable(host: string): void {
  const [, scheme = '', rest = ''] = /^(.*?):\/\/(.*)$/s.exec(host) ?? []
  if (rest === '') throw useless(`unable to parse docker host \`${host}\``)
  if (scheme === 'npipe') throw useless('protocol not available')
  if (scheme === 'unix' && Buffer.byteLength(rest) > MAX_SOCKET_PATH) {
    throw useless(`Unix socket path ${quote(rest)} is too long`)
  }
}

/** The error for what is wrong with an endpoint. */
export const refusal = (reason: string): LighterError =>
  new LighterError('usage', `invalid docker endpoint options: ${reason}`)

const useless = (reason: string): LighterError =>
  new LighterError('usage', `unable to apply docker endpoint options: ${reason}`)
