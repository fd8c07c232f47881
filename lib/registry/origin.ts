import { LighterError } from '../core/errors.ts'
import { hasOwnAuthority } from './certificates.ts'
import { isTimeout, networkCode } from './exchange.ts'
import { type HttpRequest, type HttpResponse, send, unreachable } from './http.ts'
import { isLoopback, trustBlindly } from './transport.ts'

const MAX_PORT = 65535

/** Where a registry is; `other`: or there, which its first answer tells. */
export interface Place {
  origin: URL
  other: URL | undefined
}

/**
 * Registries speak https. Those on this machine may do without: there, plain http is tried first. So may those that the user
 * calls insecure: whoever answers with TLS is believed there. Throws `registry-unreachable`.
 */
export function placeOf(registry: string, insecure = false): Place {
  if (registry === 'docker.io') {
    return { origin: new URL('https://registry-1.docker.io'), other: undefined }
  }
  const local = isLoopback(registry.replace(/:\d+$/, '')) && !hasOwnAuthority(registry)
  if (!URL.canParse(`https://${registry}`)) throw noAddress(local ? 'http' : 'https', registry)
  const secure = new URL(`https://${registry}`)
  if (!local && !insecure) return { origin: secure, other: undefined }
  if (insecure) trustBlindly(secure.host)
  const plain = new URL(`http://${registry}`)
  return local ? { origin: plain, other: secure } : { origin: secure, other: plain }
}

/** As `placeOf`, with a request that tells which. Throws `registry-unreachable`. */
export async function findOrigin(registry: string, insecure = false): Promise<URL> {
  const place = placeOf(registry, insecure)
  await decidePlace(place)
  return place.origin
}

/** Asks a place which of two it is. Throws `registry-unreachable`. */
export async function decidePlace(place: Place): Promise<void> {
  if (!place.other) return
  const url = new URL('/v2/', place.origin)
  const response = await sendFirst(place, { method: 'GET', url, headers: {}, attempts: 1 })
  await response?.discard()
}

/**
 * Sends a request to a place of two, which is one then. `undefined`: the answer was that it is the other one, or that the connection
 * broke, and there are attempts left. Throws `registry-unreachable`.
 */
export async function sendFirst(
  place: Place,
  request: HttpRequest,
): Promise<HttpResponse | undefined> {
  const { origin, other } = place
  if (!other) throw new Error('a registry that is known where it is')
  const isPlain = origin.protocol === 'http:'
  const decide = (chosen: URL): void => {
    Object.assign(place, { origin: chosen, other: undefined })
  }
  try {
    const response = await send({ ...request, isFinal: isPlain ? isMaybeTls : () => true })
    // Of plain http a server says so that speaks TLS; others, of a name that they do not like.
    const isWrong = isPlain && response.status === 400 && (await speaksTls(other))
    decide(isWrong ? other : origin)
    if (!isWrong) return response
    await response.discard()
    return undefined
  } catch (error) {
    if (isPlain) {
      if (!isMaybeTls(causeOf(error))) throw neverReached(origin, error)
      decide((await speaksTls(other)) ? other : origin)
    } else {
      // Slow is not the same as plain, and what is wrong on our side stays wrong.
      const isOurs = error instanceof LighterError && error.code !== 'registry-unreachable'
      if (isOurs || isTimeout(error)) throw error
      decide(other)
    }
    return undefined
  }
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined)

/** As everywhere where nothing was heard at all, what was asked for does not matter. */
function neverReached(origin: URL, error: unknown): unknown {
  const url = new URL('/v2/', origin)
  return error instanceof LighterError && error.cause
    ? unreachable({ method: 'GET', url }, error.cause)
    : error
}

/** What a server says of plain http that speaks TLS; or the connection broke, which says nothing. */
function isMaybeTls(error: unknown): boolean {
  const code = networkCode(error)
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

/** What a reference may have for a host is more than an address can be. */
function noAddress(scheme: string, registry: string): LighterError {
  const [, host = '', port] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(registry) ?? []
  const reason =
    Number(port) > MAX_PORT ? `address ${port}: invalid port` : `lookup ${host}: no such host`
  const message = `Get "${scheme}://${registry}/v2/": dial tcp: ${reason}`
  return new LighterError('registry-unreachable', message)
}
