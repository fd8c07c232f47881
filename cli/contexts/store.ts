import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../../lib/core/errors.ts'
import { listNames } from '../../lib/fs/drafts.ts'
import { parseJson, readSmallFile, readSmallText } from '../../lib/fs/read.ts'
import { usualSocket } from '../../lib/host/engine-socket.ts'
import type { HostPaths } from '../../lib/host/paths.ts'
import { MAX_BYTES } from './limited.ts'

/** What Docker's clients know an engine by, as they keep it in `contexts/meta/<digest of the name>/meta.json`. */
export interface ClientContext {
  name: string
  description: string
  /** Where the engine listens; `''` where that is not said. */
  host: string
  /** What is kept of it, as it was found. */
  metadata: Readonly<Record<string, unknown>>
  endpoints: Readonly<Record<string, unknown>>
  /** As `inspect` shows it. */
  document: Record<string, unknown>
}

/** The context of this engine, which is always there, and always current. */
export const DEFAULT = 'default'

const MAX_META = 1024 * 1024

/** All contexts, by name. */
export function listContexts(paths: HostPaths): ClientContext[] {
  const meta = join(paths.dockerConfig, 'contexts', 'meta')
  const others = listNames(meta).flatMap((id) => readContext(paths, id) ?? [])
  return [defaultContext(paths), ...others].sort((a, b) => compareNatural(a.name, b.name))
}

/** `a9` comes before `a10`. */
function compareNatural(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.match(/\d+|\D+/g) ?? [])
  for (const [index, part] of (left ?? []).entries()) {
    const other = right?.[index]
    if (other === undefined) return 1
    const difference = /^\d+$/.test(part) && /^\d+$/.test(other) ? Number(part) - Number(other) : 0
    if (difference !== 0) return difference
    if (part !== other) return part < other ? -1 : 1
  }
  return -1
}

/** One of them. Throws `usage` with Docker's sentence. */
export function findContext(paths: HostPaths, name: string): ClientContext {
  if (name === DEFAULT) return defaultContext(paths)
  const id = idOf(name)
  const found = readContext(paths, id)
  if (found) return found
  const { meta } = placesOf(paths, id)
  throw new LighterError(
    'usage',
    `context ${JSON.stringify(name)}: context not found: open ${join(meta, META_FILE)}: no such file or directory`,
  )
}

/** Whether there is a context of this name beside the default one. */
export const hasContext = (paths: HostPaths, name: string): boolean =>
  existsSync(join(placesOf(paths, idOf(name)).meta, META_FILE))

/** The files for TLS of a context, by endpoint and name. */
export function readTls(paths: HostPaths, name: string): Map<string, Map<string, Buffer>> {
  const { tls } = placesOf(paths, idOf(name))
  return new Map(
    listNames(tls).map((endpoint) => {
      const directory = join(tls, endpoint)
      const files = listNames(directory).sort()
      return [
        endpoint,
        new Map(
          files.map((file) => [
            file,
            readSmallFile(join(directory, file), MAX_BYTES) ?? Buffer.alloc(0),
          ]),
        ),
      ]
    }),
  )
}

/** What Docker calls the directories of a context. */
export const idOf = (name: string): string => createHash('sha256').update(name).digest('hex')

/** The directories of a context. */
export function placesOf({ dockerConfig }: HostPaths, id: string): { meta: string; tls: string } {
  const contexts = join(dockerConfig, 'contexts')
  return { meta: join(contexts, 'meta', id), tls: join(contexts, 'tls', id) }
}

export const META_FILE = 'meta.json'

function defaultContext({ runtime }: HostPaths): ClientContext {
  const host = `unix://${usualSocket(runtime)}`
  const endpoints = { docker: { Host: host, SkipTLSVerify: false } }
  return {
    name: DEFAULT,
    description: "This user's own engine",
    host,
    metadata: {},
    endpoints,
    document: {
      Name: DEFAULT,
      Metadata: {},
      Endpoints: endpoints,
      TLSMaterial: {},
      Storage: { MetadataPath: '<IN MEMORY>', TLSPath: '<IN MEMORY>' },
    },
  }
}

/** `undefined` for what is no context. */
function readContext(paths: HostPaths, id: string): ClientContext | undefined {
  const { meta, tls } = placesOf(paths, id)
  const kept = objectOf(parseJson(readSmallText(join(meta, META_FILE), MAX_META)))
  if (typeof kept.Name !== 'string') return undefined
  const [metadata, endpoints] = [objectOf(kept.Metadata), objectOf(kept.Endpoints)]
  return {
    name: kept.Name,
    description: textOf(metadata.Description),
    host: textOf(objectOf(endpoints.docker).Host),
    metadata,
    endpoints,
    document: {
      Name: kept.Name,
      Metadata: metadata,
      Endpoints: endpoints,
      TLSMaterial: Object.fromEntries(
        listNames(tls).map((endpoint) => [endpoint, listNames(join(tls, endpoint)).sort()]),
      ),
      Storage: { MetadataPath: meta, TLSPath: tls },
    },
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
