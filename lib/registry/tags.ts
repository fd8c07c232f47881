import { LighterError } from '../core/errors.ts'
import { parseJson } from '../fs/read.ts'
import { familiarName, type Reference } from '../oci/reference.ts'
import {
  openOwnSession,
  type RegistryPaths,
  readErrors,
  request,
  resolveLocation,
  statusError,
} from './session.ts'

const MAX_PAGE = 8 * 1024 * 1024
/** More than any repository has. */
const MAX_PAGES = 10_000
const MAX_TAGS = 1_000_000
const MAX_TAG = 128

/**
 * All tags of a repository in the registry's order; big ones are told page by page. They are the registry's words: whoever uses one looks
 * whether it is a tag. Throws `registry-not-found`, `registry-denied`, `registry-unreachable`, `registry-protocol`.
 */
export async function listTags(
  reference: Reference,
  paths: RegistryPaths,
  signal?: AbortSignal,
): Promise<string[]> {
  const session = await openOwnSession(reference, paths)
  const tags: string[] = []
  let next: URL | undefined = new URL(`/v2/${session.repository}/tags/list`, session.origin)
  const seen = new Set<string>()
  while (next) {
    const url: URL = next
    if (seen.has(url.href) || seen.size === MAX_PAGES) throw badList(url)
    seen.add(url.href)
    const response = await request(session, url, { signal })
    if (response.status === 404) throw await notFound(reference, response)
    if (response.status !== 200) throw await statusError(session, url, response)
    const link = nextPage(response.header('link') ?? '')
    for (const tag of parseTags(await response.bytes(MAX_PAGE), url)) tags.push(tag)
    if (tags.length > MAX_TAGS) throw badList(url)
    next = link === undefined ? undefined : resolveLocation(url, link)
  }
  return tags
}

/** `</v2/x/tags/list?last=b&n=100>; rel="next"` */
const nextPage = (link: string): string | undefined =>
  /<([^>]*)>[^,]*;\s*rel="?next"?/i.exec(link)?.[1]

function parseTags(bytes: Buffer, url: URL): string[] {
  const { tags } = (parseJson(bytes) ?? {}) as { tags?: unknown }
  // A repository whose last tag went has `null`.
  if (tags === null) return []
  if (!Array.isArray(tags) || !tags.every(isShort)) throw badList(url)
  return tags
}

const isShort = (tag: unknown): boolean => typeof tag === 'string' && tag.length <= MAX_TAG

const badList = (url: URL): LighterError =>
  new LighterError('registry-protocol', `${url.host} has no list of tags that can be read`)

async function notFound(
  reference: Reference,
  response: Parameters<typeof readErrors>[0],
): Promise<LighterError> {
  const said = (await readErrors(response)) || 'name unknown'
  return new LighterError(
    'registry-not-found',
    `repository ${familiarName(reference)} not found: ${said}`,
  )
}
