import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { LighterError } from '../../lib/core/errors.ts'
import { listNames } from '../../lib/fs/drafts.ts'
import { parseJson, readSmallText } from '../../lib/fs/read.ts'
import { usualSocket } from '../../lib/host/engine-socket.ts'
import type { HostPaths } from '../../lib/host/paths.ts'

/** What Docker's clients know an engine by, as they keep it in `contexts/meta/<digest of the name>/meta.json`. */
export interface ClientContext {
  name: string
  description: string
  /** Where the engine listens; `''` where that is not said. */
  host: string
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
  return [defaultContext(paths), ...others].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** One of them. Throws `usage` with Docker's sentence. */
export function findContext(paths: HostPaths, name: string): ClientContext {
  if (name === DEFAULT) return defaultContext(paths)
  const id = createHash('sha256').update(name).digest('hex')
  const found = readContext(paths, id)
  if (found) return found
  throw new LighterError(
    'usage',
    `context ${JSON.stringify(name)}: context not found: open ${metaPath(paths, id)}: no such file or directory`,
  )
}

const metaPath = ({ dockerConfig }: HostPaths, id: string): string =>
  join(dockerConfig, 'contexts', 'meta', id, 'meta.json')

function defaultContext({ runtime }: HostPaths): ClientContext {
  const host = `unix://${usualSocket(runtime)}`
  return {
    name: DEFAULT,
    description: "This user's own engine",
    host,
    document: {
      Name: DEFAULT,
      Metadata: {},
      Endpoints: { docker: { Host: host, SkipTLSVerify: false } },
      TLSMaterial: {},
      Storage: { MetadataPath: '<IN MEMORY>', TLSPath: '<IN MEMORY>' },
    },
  }
}

/** `undefined` for what is no context. */
function readContext(paths: HostPaths, id: string): ClientContext | undefined {
  const path = metaPath(paths, id)
  const meta = parseJson(readSmallText(path, MAX_META)) as Partial<Meta> | null | undefined
  if (typeof meta?.Name !== 'string') return undefined
  const { Name, Metadata = {}, Endpoints = {} } = meta
  const tls = join(paths.dockerConfig, 'contexts', 'tls', id)
  return {
    name: Name,
    description: textOf(Metadata.Description),
    host: textOf(Endpoints.docker?.Host),
    document: {
      Name,
      Metadata,
      Endpoints,
      TLSMaterial: Object.fromEntries(
        listNames(tls).map((endpoint) => [endpoint, listNames(join(tls, endpoint)).sort()]),
      ),
      Storage: { MetadataPath: join(paths.dockerConfig, 'contexts', 'meta', id), TLSPath: tls },
    },
  }
}

interface Meta {
  Name: string
  Metadata: { Description?: unknown }
  Endpoints: { docker?: { Host?: unknown } }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
