import { LighterError } from '../core/errors.ts'
import { hasOwnAuthority } from './certificates.ts'
import { isTimeout, networkCode } from './exchange.ts'
import { send, unreachable } from './http.ts'
import { isLoopback, trustBlindly } from './transport.ts'

const MAX_PORT = 65535

/**
 * Registries speak https. Those on this machine may do without: there, plain http is tried first. So may those that the user
 * calls insecure: whoever answers with TLS is believed there. Throws `registry-unreachable`.
 */
export async function findOrigin(registry: string, insecure = false): Promise<URL> {
  if (registry === 'docker.io') return new URL('https://registry-1.docker.io')
  const local = isLoopback(registry.replace(/:\d+$/, '')) && !hasOwnAuthority(registry)
  if (!URL.canParse(`https://${registry}`)) throw noAddress(local ? 'http' : 'https', registry)
  const secure = new URL(`https://${registry}`)
  if (!local) return insecure ? await findInsecure(secure) : secure
  if (insecure) trustBlindly(secure.host)
  const plain = new URL(`http://${registry}`)
  const url = new URL('/v2/', plain)
  try {
    const response = await send({ method: 'GET', url, headers: {}, attempts: 1 })
    await response.discard()
    return response.status === 400 ? secure : plain
  } catch (error) {
    if (!isMaybeTls(error)) throw unreachable({ method: 'GET', url }, error)
    return (await speaksTls(secure)) ? secure : plain
  }
}

/** What a server says of plain http that speaks TLS; or the connection broke, which says nothing. */
function isMaybeTls(error: unknown): boolean {
  const code = error instanceof Error ? networkCode(error.cause) : ''
  return ['end-of-file', 'ECONNRESET'].includes(code) || code.startsWith('HPE_')
}

/** Whether there is an answer in TLS, if only one with a certificate that nobody vouches for. */
async function speaksTls(secure: URL): Promise<boolean> {
  const url = new URL('/v2/', secure)
  try {
    const response = await send({ method: 'GET', url, headers: {}, attempts: 1 })
    await response.discard()
    return true
  } catch (error) {
    const code = error instanceof Error ? networkCode(error.cause) : ''
    return /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT)/.test(code)
  }
}

async function findInsecure(secure: URL): Promise<URL> {
  trustBlindly(secure.host)
  const url = new URL('/v2/', secure)
  try {
    const response = await send({ method: 'GET', url, headers: {}, attempts: 1 })
    await response.discard()
    return secure
  } catch (error) {
    // Slow is not the same as plain, and what is wrong on our side stays wrong.
    const isOurs = error instanceof LighterError && error.code !== 'registry-unreachable'
    if (isOurs || isTimeout(error)) throw error
    return new URL(`http://${secure.host}`)
  }
}

/** What a reference may have for a host is more than an address can be. */
function noAddress(scheme: string, registry: string): LighterError {
  const [, host = '', port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(registry) ?? []
  const reason =
    Number(port) > MAX_PORT ? `address ${port}: invalid port` : `lookup ${host}: no such host`
  const message = `Get "${scheme}://${registry}/v2/": dial tcp: ${reason}`
  return new LighterError('registry-unreachable', message)
}
