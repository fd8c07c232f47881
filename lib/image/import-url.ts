import { STATUS_CODES } from 'node:http'
import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { type HttpResponse, send } from '../registry/http.ts'
import { closeConnections } from '../registry/transport.ts'

/** As many as Go's clients follow. */
const MAX_REDIRECTS = 10
/** Bytes of an error's page that are worth telling. */
const MAX_SAYING = 64 * 1024

/** What is at an URL of HTTP or HTTPS, and its size where it is told, else -1. Throws `registry-unreachable` and `bad-input`. */
export async function openUrl(text: string): Promise<{ body: Readable; size: number }> {
  let url = parseUrl(text)
  for (let redirects = 0; ; redirects++) {
    const response = await send({ method: 'GET', url, headers: {} })
    const next = placeOf(response, url)
    if (!next) return await checkStatus(response, text)
    await response.discard()
    if (redirects === MAX_REDIRECTS) throw failed(text, `stopped after ${MAX_REDIRECTS} redirects`)
    url = next
  }
}

function parseUrl(text: string): URL {
  if (/^https?:\/\/(?:[/?#]|$)/.test(text)) throw failed(text, 'http: no Host in request URL')
  const url = URL.parse(text)
  if (!url) throw failed(text, 'invalid URL')
  return url
}

/** Where an answer sends us. */
function placeOf({ status, header }: HttpResponse, url: URL): URL | undefined {
  const location = header('location')
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined
  const place = URL.parse(location, url.href)
  if (place && /^https?:$/.test(place.protocol)) return place
  throw failed(url.href, `bad redirect to "${location}"`)
}

async function checkStatus(
  response: HttpResponse,
  text: string,
): Promise<{ body: Readable; size: number }> {
  const { status, body } = response
  body.once('close', () => void closeConnections())
  if (status < 400) return { body, size: Number(response.header('content-length') ?? -1) }
  const said = printable((await response.bytes(MAX_SAYING)).toString().trim())
  throw new LighterError(
    'bad-input',
    `failed to GET ${text} with status ${status} ${STATUS_CODES[status] ?? ''}: ${said}`,
  )
}

const failed = (text: string, reason: string): LighterError =>
  new LighterError('registry-unreachable', `Get "${text}": ${reason}`)
