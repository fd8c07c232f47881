import { posix } from 'node:path'
import type { AttestSpec, BuildOptions, CacheSpec } from '../../../lib/build/options.ts'
import { parseAttest } from '../../../lib/build/spec/attest.ts'
import { contextName } from '../../../lib/build/spec/contexts.ts'
import { parseHost } from '../../../lib/build/spec/hosts.ts'
import { parseNetwork } from '../../../lib/build/spec/network.ts'
import { parsePlatforms } from '../../../lib/build/spec/platforms.ts'
import { isUlimitName, ulimitFault } from '../../../lib/container/ulimit.ts'
import { splitCsv } from '../../../lib/core/csv.ts'
import { grpcError } from '../grpc/status.ts'

type Options = Readonly<Record<string, string>>

/** What a client asks BuildKit's front end for Dockerfiles. */
export interface FrontendRequest {
  options: Pick<
    BuildOptions,
    | 'file'
    | 'target'
    | 'buildArgs'
    | 'labels'
    | 'platforms'
    | 'noCache'
    | 'noCacheFilter'
    | 'pull'
    | 'attests'
    | 'addHosts'
    | 'network'
    | 'shmSize'
    | 'ulimits'
    | 'cgroupParent'
    | 'environment'
  >
  /** A URL or a repository; `undefined`: the client's directory. */
  remote: string | undefined
  /** The client has the Dockerfile of a remote context. */
  ownDockerfile: boolean
  directories: { context: string; dockerfile: string }
  /** Other contexts by their names, as the client writes them. */
  contexts: Readonly<Record<string, string>>
  cacheImports: readonly CacheSpec[]
  /** Only a question about the Dockerfile, `frontend.outline`; `undefined`: a build. */
  question: string | undefined
}

/** Options with a name of their own behind the colon. */
const FAMILIES = ['build-arg', 'label', 'context', 'attest', 'vcs', 'input-metadata'] as const
const SINGLE: ReadonlySet<string> = new Set([
  ...['filename', 'target', 'platform', 'context', 'contextkey', 'dockerfilekey', 'no-cache'],
  ...['image-resolve-mode', 'add-hosts', 'shm-size', 'ulimit', 'force-network-mode'],
  ...['cgroup-parent', 'cache-imports', 'cache-from', 'requestid', 'multi-platform'],
  // Of the front end itself, which is part of this program.
  ...['source', 'cmdline', 'frontend.caps'],
])

/** What other programs' front ends for Dockerfiles are called: their language is this one. */
const DOCKERFILE_FRONTEND =
  /^(docker\.io\/)?docker\/dockerfile(-upstream)?(:[\w.-]+)?(@sha256:\w+)?$/

/**
 * Reads the options of a front end. Throws `GrpcError` for a front end or an option that is not known: what is asked for must not be
 * left out silently.
 */
export function readFrontend(frontend: string, given: Options): FrontendRequest {
  checkFrontend(frontend, given)
  for (const key of Object.keys(given)) checkKey(key)
  const { context, contextkey = 'context', dockerfilekey = 'dockerfile' } = given
  const attests = readAttests(given)
  return {
    options: {
      file: readFile(given.filename),
      target: given.target || undefined,
      buildArgs: family(given, 'build-arg'),
      labels: family(given, 'label'),
      platforms: parsePlatforms(given.platform ? [given.platform] : []),
      noCache: given['no-cache'] === '',
      noCacheFilter: given['no-cache'] ? listOf(given['no-cache']) : [],
      pull: given['image-resolve-mode'] === 'pull',
      attests,
      addHosts: listOf(given['add-hosts']).map(parseHost),
      network: parseNetwork(given['force-network-mode'] ?? ''),
      shmSize: readNumber(given, 'shm-size'),
      ulimits: listOf(given.ulimit).map(readUlimit),
      cgroupParent: given['cgroup-parent'] || undefined,
      environment: environmentOf('attest:provenance' in given),
    },
    remote: context || undefined,
    ownDockerfile: given.dockerfilekey !== undefined,
    directories: { context: contextkey, dockerfile: dockerfilekey },
    contexts: readContexts(given),
    cacheImports: readCacheImports(given),
    question: given.requestid || undefined,
  }
}

/**
 * What repositories are fetched with: the service's own proxies and authorities, not its agent. Whether a provenance is made that nobody
 * has asked for is the client's to say.
 */
function environmentOf(isAttested: boolean): BuildOptions['environment'] {
  const { SSH_AUTH_SOCK: _, ...environment } = process.env
  return { ...environment, BUILDX_NO_DEFAULT_ATTESTATIONS: isAttested ? '' : '1' }
}

function checkFrontend(frontend: string, { source = '' }: Options): void {
  if (frontend === 'dockerfile.v0') return
  if (frontend === 'gateway.v0' && DOCKERFILE_FRONTEND.test(source)) return
  const which = frontend === 'gateway.v0' ? source : frontend
  throw grpcError(
    'UNIMPLEMENTED',
    `the front end ${JSON.stringify(which)} is not supported: only Dockerfiles are built here`,
  )
}

function checkKey(key: string): void {
  if (SINGLE.has(key) || FAMILIES.some((name) => key.startsWith(`${name}:`))) return
  throw grpcError('INVALID_ARGUMENT', `unknown option ${JSON.stringify(key)} of the front end`)
}

/** The members of a list with commas; none of nothing. */
const listOf = (text = ''): string[] =>
  text === '' ? [] : splitCsv(text).filter((field) => field !== '')

/** Options of a family, by the names that they have in it. */
const family = (given: Options, name: (typeof FAMILIES)[number]): Record<string, string> =>
  Object.fromEntries(
    Object.entries(given)
      .filter(([key]) => key.startsWith(`${name}:`))
      .map(([key, value]) => [key.slice(name.length + 1), value]),
  )

/** A path in the directory with the Dockerfile; `undefined`: the usual one. */
function readFile(filename: string | undefined): string | undefined {
  const path = posix.join('/', filename || 'Dockerfile').slice(1)
  return path === 'Dockerfile' || path === '' ? undefined : path
}

/** Names of platforms behind `::` are left out: what is built of another target has all of them. */
const readContexts = (given: Options): Record<string, string> =>
  Object.fromEntries(
    Object.entries(family(given, 'context')).map(([key, value]) => {
      const [name = '', platform] = key.split('::')
      const place = platform === undefined ? value : value.split('::')[0]
      return [contextName(name), place ?? '']
    }),
  )

/** What the client adds where nobody asked for anything is what is done here by itself. */
function readAttests(given: Options): AttestSpec[] {
  return Object.entries(family(given, 'attest')).flatMap(([type, text]) => {
    const fields = listOf(text)
    if (fields.includes('inline-only=true')) return []
    const csv = [`type=${type}`, ...fields].map(quoted).join(',')
    return [parseAttest(csv)]
  })
}

const quoted = (field: string): string =>
  /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field

function readCacheImports(given: Options): CacheSpec[] {
  const refs = listOf(given['cache-from'])
  const named = refs.map((ref): CacheSpec => ({ type: 'registry', attributes: { ref } }))
  return [...named, ...parseImports(given['cache-imports'] ?? '')]
}

function parseImports(text: string): CacheSpec[] {
  if (text === '') return []
  const bad = () => grpcError('INVALID_ARGUMENT', 'failed to unmarshal cache-imports')
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw bad()
  }
  if (!Array.isArray(list)) throw bad()
  return list.map((entry) => {
    const { Type, Attrs } = (entry ?? {}) as { Type?: unknown; Attrs?: unknown }
    if (typeof Type !== 'string' || typeof (Attrs ?? {}) !== 'object') throw bad()
    const attributes = Object.entries(Attrs ?? {}).map(([key, value]) => [key, String(value)])
    return { type: Type, attributes: Object.fromEntries(attributes) }
  })
}

function readNumber(given: Options, key: string): number {
  const text = given[key] ?? ''
  if (text === '') return 0
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw grpcError('INVALID_ARGUMENT', `failed to parse ${key}: ${JSON.stringify(text)}`)
}

function readUlimit(text: string): BuildOptions['ulimits'][number] {
  const [, name = '', first = '', second = first] =
    /^(\w+)=(-?\d{1,15})(?::(-?\d{1,15}))?$/.exec(text) ?? []
  const limit = { name, soft: Number(first), hard: Number(second) }
  if (!isUlimitName(name)) throw grpcError('INVALID_ARGUMENT', `invalid ulimit type: ${text}`)
  const fault = ulimitFault(limit)
  if (fault !== undefined) throw grpcError('INVALID_ARGUMENT', fault)
  return limit
}
