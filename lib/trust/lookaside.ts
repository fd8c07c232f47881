import { fileURLToPath } from 'node:url'
import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import { readSmallFile } from '../fs/read.ts'
import { type HttpResponse, send } from '../registry/http.ts'
import { resolveLocation } from '../registry/session.ts'

const MAX_SIGNATURE = 1024 * 1024
const MAX_SIGNATURES = 128
const MAX_REDIRECTS = 5

/**
 * The signatures of a manifest in a lookaside storage: `REPOSITORY@sha256=HEX/signature-1` and so on, to the first that is not there.
 * Throws what keeps from reading one: whoever hides a signature must not make an image look unsigned, or less signed.
 */
export async function readLookaside(
  base: URL,
  repository: string,
  digest: Digest,
): Promise<Buffer[]> {
  const found: Buffer[] = []
  for (let number = 1; number <= MAX_SIGNATURES; number += 1) {
    const url = new URL(base)
    const directory = `${repository}@sha256=${digestHex(digest)}`
    url.pathname = `${base.pathname.replace(/\/+$/, '')}/${directory}/signature-${number}`
    const bytes = await read(url)
    if (!bytes) return found
    found.push(bytes)
  }
  throw new LighterError('registry-protocol', `${base.host} has too many signatures of ${digest}`)
}

const read = async (url: URL): Promise<Buffer | undefined> =>
  url.protocol === 'file:' ? readSmallFile(fileURLToPath(url), MAX_SIGNATURE) : await fetchOne(url)

async function fetchOne(from: URL): Promise<Buffer | undefined> {
  let url = from
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    const response = await send({ method: 'GET', url, headers: {} })
    if (response.status === 200) return await response.bytes(MAX_SIGNATURE)
    response.body.destroy()
    if (response.status === 404) return undefined
    url = redirected(url, response)
  }
  throw new LighterError('registry-protocol', `${from.host} redirects too often`)
}

function redirected(url: URL, { status, header }: HttpResponse): URL {
  const location = header('location')
  if ([301, 302, 303, 307, 308].includes(status) && location) return resolveLocation(url, location)
  throw new LighterError(
    'registry-protocol',
    `Get "${url.origin}${url.pathname}": received unexpected HTTP status: ${status}`,
  )
}
