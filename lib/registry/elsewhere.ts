import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { parseReference } from '../oci/reference.ts'
import { type HttpResponse, send } from './http.ts'
import { type OpenBlob, startOf } from './registry.ts'
import { endpointsOf, type RegistryPaths, resolveLocation } from './session.ts'

const MAX_REDIRECTS = 5

/**
 * Opens a blob where its manifest says that it is, too: at the first address that has it. Nobody's permission is sent there, and a
 * registry that is blocked is not asked. Throws what was wrong with the last one, `registry-denied`.
 */
export async function openElsewhere(
  paths: RegistryPaths,
  { digest, urls }: { digest: Digest; urls: readonly string[] },
  from: number,
  signal: AbortSignal | undefined,
): Promise<Omit<OpenBlob, 'place'>> {
  let failure: LighterError | undefined
  for (const text of urls) {
    try {
      if (!URL.canParse(text)) throw new LighterError('registry-protocol', `${digest} is nowhere`)
      return await openAddress(paths, new URL(text), from, signal)
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      failure = error
    }
  }
  throw failure ?? new LighterError('registry-not-found', 'unknown blob')
}

async function openAddress(
  paths: RegistryPaths,
  first: URL,
  from: number,
  signal: AbortSignal | undefined,
): Promise<Omit<OpenBlob, 'place'>> {
  const response = await follow(paths, first, from, signal)
  if (response.status === 200) return { offset: 0, response }
  const start = response.status === 206 ? startOf(response) : undefined
  if (start !== undefined && start <= from) return { offset: start, response }
  response.body.destroy()
  // As in a registry: ranges are not understood there.
  if (from > 0 && (response.status === 206 || response.status === 416))
    return await openAddress(paths, first, 0, signal)
  const code = response.status === 404 ? 'registry-not-found' : 'registry-protocol'
  const where = `${first.origin}${first.pathname}`
  throw new LighterError(code, `${where}: unexpected status code: ${response.status}`)
}

async function follow(
  paths: RegistryPaths,
  first: URL,
  from: number,
  signal: AbortSignal | undefined,
): Promise<HttpResponse> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' }
  if (from > 0) headers.range = `bytes=${from}-`
  let url = withoutPassword(first)
  for (let count = 0; count <= MAX_REDIRECTS; count += 1) {
    await refuseBlocked(paths, url)
    const response = await send({ method: 'GET', url, headers, signal })
    const location = response.header('location')
    if (![301, 302, 303, 307, 308].includes(response.status) || !location) return response
    await response.discard()
    url = withoutPassword(resolveLocation(url, location))
  }
  throw new LighterError('registry-protocol', `${first.host} redirects too often`)
}

/** A name and a password in an address are not ours to send. */
function withoutPassword(url: URL): URL {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  return plain
}

/** Throws `registry-denied` where a rule blocks the whole registry of that name. */
async function refuseBlocked(paths: RegistryPaths, { host, hostname }: URL): Promise<void> {
  for (const name of new Set([host, hostname])) {
    // Names without a dot or a port are no registries, and rules know no addresses in brackets.
    if ((/[.:]/.test(name) || name === 'localhost') && !name.startsWith('['))
      await endpointsOf(parseReference(`${name}/blob`), paths)
  }
}
