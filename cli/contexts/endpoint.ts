import { closeSync, openSync } from 'node:fs'
import { LighterError } from '../../lib/core/errors.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { errnoText } from '../../lib/fs/errno.ts'
import type { HostPaths } from '../../lib/host/paths.ts'
import { checkReachable, isSshHost } from './host.ts'
import { readLimited } from './limited.ts'
import { findContext, readTls } from './store.ts'
import { checkTls, type TlsFiles } from './tls.ts'

/** How clients reach an engine, as `meta.json` has it. */
export interface DockerEndpoint {
  /** Left out where it is not said: clients take what they take by themselves. */
  Host?: string
  SkipTLSVerify: boolean
}

export interface GivenEndpoint {
  endpoint: DockerEndpoint
  tls: TlsFiles
  /** What beside `from` changes nothing. */
  unused: string[]
}

/** The name of Docker's endpoint among those of a context. */
export const DOCKER = 'docker'

const FILES: Readonly<Record<string, string>> = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' }
const KEYS: ReadonlySet<string> = new Set([
  'from',
  'host',
  'skip-tls-verify',
  ...Object.keys(FILES),
])

/** The endpoint that `--docker KEY=VALUE,…` describes. Throws `usage` with Docker's sentence. */
export function readEndpoint(
  paths: HostPaths,
  given: Readonly<Record<string, string>>,
): GivenEndpoint {
  try {
    const unknown = Object.keys(given).filter((key) => !KEYS.has(key))
    if (unknown.length > 0) {
      throw refused(unknown.map((key) => `${key}: unrecognized config key`).join('\n'))
    }
    return given.from === undefined ? readOwn(given) : copyEndpoint(paths, given.from, given)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw refused(`unable to create docker endpoint config: ${error.message}`)
  }
}

const refused = (message: string): LighterError => new LighterError('usage', message)

function copyEndpoint(
  paths: HostPaths,
  from: string,
  given: Readonly<Record<string, string>>,
): GivenEndpoint {
  const { endpoints } = findContext(paths, from)
  const found = endpoints[DOCKER]
  if (typeof found !== 'object' || found === null) {
    throw refused(`unable to get endpoint from context ${JSON.stringify(from)}`)
  }
  const { Host, SkipTLSVerify } = found as Record<string, unknown>
  return {
    endpoint: endpointOf(typeof Host === 'string' ? Host : '', SkipTLSVerify === true),
    tls: readTls(paths, from).get(DOCKER) ?? new Map(),
    unused: Object.keys(given).filter((key) => key !== 'from'),
  }
}

function readOwn(given: Readonly<Record<string, string>>): GivenEndpoint {
  const tls = readTlsFiles(given)
  const text = given['skip-tls-verify']
  const skips = text === undefined ? false : parseTruth(text)
  if (skips === undefined) {
    throw refused(
      `skip-tls-verify: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }
  const { host = '' } = given
  if (host !== '' && !isSshHost(host)) {
    checkTls(tls)
    checkReachable(host)
  }
  return { endpoint: endpointOf(host, skips), tls, unused: [] }
}

const endpointOf = (host: string, skips: boolean): DockerEndpoint => ({
  ...(host === '' ? {} : { Host: host }),
  SkipTLSVerify: skips,
})

function readTlsFiles(given: Readonly<Record<string, string>>): TlsFiles {
  return new Map(
    Object.entries(FILES).flatMap(([key, name]): [string, Buffer][] => {
      const path = given[key] ?? ''
      return path === '' ? [] : [[name, readFile(path)]]
    }),
  )
}

function readFile(path: string): Buffer {
  const fd = openGiven(path)
  try {
    return readLimited(fd, path).bytes
  } finally {
    closeSync(fd)
  }
}

/** Opens a file that the user named. Throws `usage` with Go's sentence. */
export function openGiven(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw new LighterError('usage', `open ${path}: ${errnoText(error)}`, { cause: error })
  }
}
