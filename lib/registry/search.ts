import { LighterError } from '../core/errors.ts'
import { printable } from '../core/printable.ts'
import { parseJson } from '../fs/read.ts'
import { basic } from './auth.ts'
import { send, unreachable } from './http.ts'
import { findOrigin } from './origin.ts'
import { credentialsFor, endpointsOf, type RegistryPaths } from './session.ts'
import { closeConnections } from './transport.ts'

const HUB = 'index.docker.io'
const USUAL_LIMIT = 25
const MAX_LIMIT = 100
const MAX_ANSWER = 8 * 1024 * 1024

export interface SearchResult {
  name: string
  description: string
  stars: number
  official: boolean
}

/** What a search is narrowed to; absent: everything. */
export interface SearchFilter {
  official?: boolean
  /** At least so many. */
  stars?: number
}

/**
 * Asks a registry that has version 1 of the search endpoint, Docker Hub unless the term begins with another's name. Throws
 * `bad-input` for a limit out of range, and what the registry or the network says.
 */
export async function searchImages(
  term: string,
  limit: number,
  filter: SearchFilter,
  paths: RegistryPaths,
): Promise<SearchResult[]> {
  if (limit > MAX_LIMIT) {
    const message = `limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`
    throw new LighterError('bad-input', message)
  }
  if (term.includes('://')) {
    const message = `invalid repository name: repository name (${term}) should not have a scheme`
    throw new LighterError('bad-input', message)
  }
  const { host, words } = splitTerm(term)
  const query = `q=${encodeURIComponent(words)}&n=${limit > 0 ? limit : USUAL_LIMIT}`
  try {
    const url = new URL(`/v1/search?${query}`, await originOf(host, paths))
    return (await ask(url, host, paths)).filter((result) => isWanted(result, filter))
  } finally {
    await closeConnections()
  }
}

/** `host/words` where the part before the slash can be a host's name. */
function splitTerm(term: string): { host: string; words: string } {
  const slash = term.indexOf('/')
  const first = slash < 0 ? '' : term.slice(0, slash)
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost'
  const host = isHost ? first : HUB
  const words = isHost ? term.slice(slash + 1) : term
  const isHub = host === 'docker.io' || host === HUB
  return isHub ? { host: HUB, words: words.replace(/^library\//, '') } : { host, words }
}

async function originOf(host: string, paths: RegistryPaths): Promise<URL> {
  if (host === HUB) return new URL(`https://${HUB}`)
  const whole = { registry: host, repository: '', tag: undefined, digest: undefined }
  const insecure = (await endpointsOf(whole, paths)).at(-1)?.insecure
  try {
    return await findOrigin(host, insecure)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    const message = `invalid registry endpoint "http://${host}/v1/": ${error.message}`
    throw new LighterError(error.code, message, { cause: error })
  }
}

async function ask(url: URL, host: string, paths: RegistryPaths): Promise<SearchResult[]> {
  const known = await credentialsFor(paths, host === HUB ? 'docker.io' : host)
  const headers: Record<string, string> =
    known?.kind === 'password' ? { authorization: basic(known) } : {}
  const response = await send({ method: 'GET', url, headers }).catch((error) => {
    throw withQuery(url, error)
  })
  if (response.status !== 200) {
    response.body.destroy()
    throw new LighterError('registry-unreachable', `Unexpected status code ${response.status}`)
  }
  const { results } = (parseJson(await response.bytes(MAX_ANSWER)) ?? {}) as { results?: unknown }
  if (!Array.isArray(results)) {
    throw new LighterError(
      'registry-protocol',
      `${url.host} has no search results that can be read`,
    )
  }
  return results.flatMap(parseResult)
}

/** There is no secret in what is searched for, and Docker names it. */
function withQuery(url: URL, error: unknown): LighterError {
  const told = unreachable({ method: 'GET', url }, error)
  const plain = `${url.origin}${url.pathname}"`
  const message = told.message.replace(plain, `${plain.slice(0, -1)}${url.search}"`)
  return new LighterError(told.code, message, { cause: error })
}

function parseResult(value: unknown): SearchResult[] {
  if (typeof value !== 'object' || value === null) return []
  const {
    name,
    description,
    star_count: stars,
    is_official: official,
  } = value as Record<string, unknown>
  if (typeof name !== 'string') return []
  return [
    {
      name: printable(name),
      description: typeof description === 'string' ? printable(description) : '',
      stars: typeof stars === 'number' && Number.isSafeInteger(stars) ? stars : 0,
      official: official === true,
    },
  ]
}

const isWanted = ({ stars, official }: SearchResult, filter: SearchFilter): boolean =>
  stars >= (filter.stars ?? 0) && (filter.official === undefined || official === filter.official)
