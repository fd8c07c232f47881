import { createReadStream, linkSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { isDigest } from '../../core/ids.ts'
import { lazyCrypto } from '../../core/lazy.ts'
import { randomHex } from '../../core/random.ts'
import { listNames } from '../../fs/drafts.ts'
import { parseJson, readSmallText } from '../../fs/read.ts'
import { makeDirectory, replaceFile } from '../../fs/replace.ts'

/** What was at a URL when it was fetched. */
export interface KnownUrl {
  digest: string
  /** Of the server; `undefined`: it told none. */
  etag: string | undefined
  lastModified: string | undefined
}

/** Files that are kept, and their bytes in all: those that were used last stay. */
const MOST_FILES = 64
const MOST_BYTES = 4 * 1024 ** 3
const MAX_RECORD = 16 * 1024

const folder = (data: string): string => join(data, 'cache/urls')

/** Two files of a URL: what is known of it, and its content. */
function placesOf(data: string, url: string): { record: string; content: string } {
  const key = lazyCrypto().createHash('sha256').update(url).digest('hex')
  const place = join(folder(data), key)
  return { record: `${place}.json`, content: `${place}.file` }
}

/**
 * Puts the content of a URL, as it was last time, at a path; what is known of it. `undefined`: there is none that is whole. Its
 * mode and time of change are what they were.
 */
export async function recallUrl(
  data: string,
  url: string,
  target: string,
): Promise<KnownUrl | undefined> {
  const { record, content } = placesOf(data, url)
  try {
    const known = parseRecord(readSmallText(record, MAX_RECORD))
    if (!known) return undefined
    // A name of our own: whoever replaces it meanwhile replaces another one.
    linkSync(content, target)
    if ((await digestFile(target)) === known.digest) {
      utimesSync(record, new Date(), new Date())
      return known
    }
  } catch {
    // Not there, or nothing that can be read: it is fetched again.
  }
  rmSync(target, { force: true })
  return undefined
}

/** Keeps what was fetched, `path`, for the next build. Where it cannot be kept it is fetched again. */
export function rememberUrl(data: string, url: string, known: KnownUrl, path: string): void {
  const { record, content } = placesOf(data, url)
  try {
    makeDirectory(folder(data))
    const draft = `${content}.${process.pid}-${randomHex(6)}.tmp`
    linkSync(path, draft)
    renameSync(draft, content)
    replaceFile(record, JSON.stringify(known))
    forgetOldest(folder(data))
  } catch {
    // A full disk, for example.
  }
}

function parseRecord(text: string | undefined): KnownUrl | undefined {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null) return undefined
  const { digest, etag, lastModified } = value as Record<string, unknown>
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined
  return {
    digest,
    etag: typeof etag === 'string' ? etag : undefined,
    lastModified: typeof lastModified === 'string' ? lastModified : undefined,
  }
}

async function digestFile(path: string): Promise<string> {
  const hash = lazyCrypto().createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash)
  return `sha256:${hash.digest('hex')}`
}

function forgetOldest(directory: string): void {
  const names = listNames(directory)
  const files = names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => {
      const record = join(directory, name)
      const content = record.replace(/\.json$/, '.file')
      const stat = statSync(record, { throwIfNoEntry: false })
      const size = statSync(content, { throwIfNoEntry: false })?.size ?? 0
      return stat ? [{ record, content, size, used: stat.mtimeMs }] : []
    })
    .sort((one, other) => other.used - one.used)
  let bytes = 0
  for (const [index, { record, content, size }] of files.entries()) {
    bytes += size
    if (index < MOST_FILES && (bytes <= MOST_BYTES || index === 0)) continue
    rmSync(record, { force: true })
    rmSync(content, { force: true })
  }
}
