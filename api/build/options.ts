import type { Readable } from 'node:stream'
import type { BuildOptions, CacheSpec, OutputSpec } from '../../lib/build/options.ts'
import { parseHost } from '../../lib/build/spec/hosts.ts'
import { parseNetwork } from '../../lib/build/spec/network.ts'
import { parsePlatforms } from '../../lib/build/spec/platforms.ts'
import { ulimitFault } from '../../lib/container/ulimit.ts'
import { parseReference } from '../../lib/oci/reference.ts'
import { ApiError, badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'
import { GoJsonFault, goKind, parseGoJson } from '../http/go-json.ts'
import type { Query } from '../http/query.ts'
import { UPLOAD_REQUEST } from './uploads.ts'

/** As a remote context: the directory that a client has in its session. */
export const CLIENT_SESSION = 'client-session'

/** Contexts that somebody brings. */
const COMES_HERE: ReadonlySet<string> = new Set(['', CLIENT_SESSION, UPLOAD_REQUEST])

/** What stands for the network that builds have anyway. */
const USUAL_NETWORKS: ReadonlySet<string> = new Set(['', 'default', 'bridge'])
/**
 * Reads what a client asks of a build, as parameters of `POST /build`. `stdin`: the context, where it comes with the request; `outputs`:
 * where somebody takes what has files for the client. Throws 400 in the words of Docker's daemon, `usage`.
 */
export function readBuildOptions(
  query: Query,
  stdin: Readable,
  outputs?: readonly OutputSpec[],
): BuildOptions {
  const remote = query.text('remote')
  const file = query.text('dockerfile')
  const tags = query.all('t').filter((tag) => tag !== '')
  for (const tag of tags) checkTag(tag)
  refuseForeign(query)
  if (query.bool('squash')) {
    throw badRequest('squash is only supported with experimental mode')
  }
  return {
    context: COMES_HERE.has(remote) ? '-' : checkRemote(remote),
    file: file === '' || file === 'Dockerfile' ? undefined : checkFile(file),
    contexts: {},
    target: query.text('target') || undefined,
    buildArgs: readMap(query, 'buildargs', 'error reading build args'),
    labels: readMap(query, 'labels', 'error reading labels'),
    annotations: [],
    tags,
    platforms: parsePlatforms(query.all('platform').filter((text) => text !== '')),
    outputs: outputs ?? readOutputs(query).map(ownOutput),
    cacheFrom: readCacheFrom(query),
    cacheTo: [],
    noCache: query.bool('nocache'),
    noCacheFilter: [],
    pull: query.bool('pull'),
    secrets: [],
    ssh: [],
    attests: [],
    allow: [],
    addHosts: query.all('extrahosts').filter(Boolean).map(parseHost),
    network: readNetwork(query.text('networkmode')),
    shmSize: query.int('shmsize', 'ParseInt') ?? 0,
    ulimits: readUlimits(query),
    cgroupParent: query.text('cgroupparent') || undefined,
    environment: serviceEnvironment(),
    stdin,
  }
}

/** What an image may be called. Throws 400, `bad-reference`. */
function checkTag(tag: string): void {
  if (parseReference(tag).digest !== undefined) {
    throw badRequest('build tag cannot contain a digest')
  }
}

/** What only engines on Windows have. */
function refuseForeign(query: Query): void {
  const isolation = query.text('isolation')
  if (isolation !== '' && isolation !== 'default') {
    throw badRequest(`unsupported isolation: ${JSON.stringify(isolation)}`)
  }
  if (query.has('securityopt')) throw badRequest('security options are not supported on linux')
}

/** A limit that steps of a build are not given here: it is told, not passed over in silence. */
export const unusedLimits = (query: Query): string[] =>
  ['memory', 'memswap', 'cpushares', 'cpuperiod', 'cpuquota', 'cpusetcpus', 'cpusetmems'].filter(
    (name) => !['', '0'].includes(query.text(name)),
  )

/** Only what is somewhere else: never a directory of this machine. */
function checkRemote(remote: string): string {
  if (/^(https?|git|ssh):\/\/|^git@|^github\.com\//.test(remote)) return remote
  throw badRequest(`remoteURL (${remote}) could not be recognized as URL`)
}

/** A path in the context; `-` and addresses mean more than that to a command line. */
function checkFile(file: string): string {
  if (file !== '-' && !/^https?:\/\//.test(file)) return file
  throw new ApiError(500, `Cannot locate specified Dockerfile: ${file}`)
}

/** Texts by name; one that is `null` has no value to give. */
function readMap(query: Query, name: string, words: string): Record<string, string> {
  const document = readJson(query, name, words)
  if (document === undefined || document === null) return {}
  if (typeof document !== 'object' || Array.isArray(document)) {
    const type = name === 'buildargs' ? 'map[string]*string' : 'map[string]string'
    throw wrongType(words, document, type)
  }
  const entries = Object.entries(document).filter(([, value]) => value !== null)
  for (const [, value] of entries) {
    if (typeof value !== 'string') throw wrongType(words, value, 'string')
  }
  return Object.fromEntries(entries)
}

function readJson(query: Query, name: string, words: string): unknown {
  const text = query.text(name)
  if (text === '') return undefined
  try {
    return parseGoJson(text)
  } catch (error) {
    throw error instanceof GoJsonFault ? badRequest(`${words}: ${error.message}`) : error
  }
}

const wrongType = (words: string, value: unknown, type: string): ApiError =>
  badRequest(`${words}: json: cannot unmarshal ${goKind(value)} into Go value of type ${type}`)

/** `type`: what Go calls one of them. */
function readList(
  query: Query,
  name: string,
  { words, type }: { words: string; type: string },
): Record<string, unknown>[] {
  const list = readJson(query, name, words) ?? []
  if (!Array.isArray(list)) throw wrongType(words, list, `[]${type}`)
  for (const one of list) {
    const isObject = typeof one === 'object' && one !== null && !Array.isArray(one)
    if (!isObject) throw wrongType(words, one, type.replace('*', ''))
  }
  return list
}

function readCacheFrom(query: Query): CacheSpec[] {
  const words = 'error reading cache-from'
  const names = readJson(query, 'cachefrom', words) ?? []
  if (!Array.isArray(names)) throw wrongType(words, names, '[]string')
  const odd = names.find((name) => typeof name !== 'string')
  if (odd !== undefined) throw wrongType(words, odd, 'string')
  return names.map((ref) => ({ type: 'registry', attributes: { ref } }))
}

const ULIMITS = { words: 'error reading ulimit settings', type: '*units.Ulimit' }
const OUTPUTS = { words: 'invalid outputs specified', type: 'types.ImageBuildOutput' }

function readUlimits(query: Query): BuildOptions['ulimits'] {
  return readList(query, 'ulimits', ULIMITS).map((document) => {
    const fields = new Fields(document, 'Ulimit')
    const ulimit = { name: fields.text('Name'), soft: fields.int('Soft'), hard: fields.int('Hard') }
    const fault = ulimitFault(ulimit)
    if (fault !== undefined) throw badRequest(fault)
    return ulimit
  })
}

/** An output that a client asks for. */
export interface WantedOutput {
  type: string
  attrs: Record<string, string>
}

/** `[{"Type":"image","Attrs":{"name":"x"}}]`. Throws 400. */
export const readOutputs = (query: Query): WantedOutput[] =>
  readList(query, 'outputs', OUTPUTS).map((document) => {
    const fields = new Fields(document, 'ImageBuildOutput')
    return { type: fields.text('Type'), attrs: fields.map('Attrs') }
  })

/** Outputs whose files would lie where the service is, and not where the client is. */
const OF_CLIENTS: ReadonlySet<string> = new Set(['local', 'tar', 'docker', 'oci'])

/** One that needs nobody to take it. */
function ownOutput({ type, attrs }: WantedOutput): OutputSpec {
  if (OF_CLIENTS.has(type)) {
    throw badRequest(`an output of type ${type} needs a session with the client`)
  }
  const known = type === 'moby' ? 'image' : type
  if (known !== 'image' && known !== 'registry' && known !== 'cacheonly') {
    throw badRequest(`exporter ${JSON.stringify(type)} could not be found`)
  }
  return { type: known, destination: undefined, attributes: attrs }
}

const readNetwork = (text: string): BuildOptions['network'] =>
  USUAL_NETWORKS.has(text) ? 'default' : parseNetwork(text)

/** Paths and proxies are the service's; its user's agent of ssh is not for whoever sends a Dockerfile. */
function serviceEnvironment(): BuildOptions['environment'] {
  const { SSH_AUTH_SOCK: _, ...environment } = process.env
  return environment
}
