import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseJson, readSmallFile } from '../fs/read.ts'
import type { Credentials } from './credential.ts'
import { askHelper } from './credential-helper.ts'

const MAX_CONFIG = 1024 * 1024
const DOCKER_HUB = 'https://index.docker.io/v1/'

type Json = Readonly<Record<string, unknown>>

/** The name under which credentials of a registry are kept: as the user calls it, without scheme and path. */
export function credentialKey(registry: string): string {
  const host = hostOf(registry)
  return ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? DOCKER_HUB : host
}

/** `$DOCKER_CONFIG/config.json`; `undefined` when it is not there or no object. */
function readAuthConfig(dockerConfig: string): Json | undefined {
  const config = parseJson(readSmallFile(join(dockerConfig, 'config.json'), MAX_CONFIG))
  return isObject(config) ? config : undefined
}

/** The credential helper that a configuration names for a registry, by its key. */
export function helperOf(config: Json | undefined, key: string): string | undefined {
  const helpers = isObject(config?.credHelpers) ? config.credHelpers : {}
  const helper = helpers[key] ?? helpers[hostOf(key)] ?? config?.credsStore
  return typeof helper === 'string' && helper !== '' ? helper : undefined
}

/**
 * Finds what the user's Docker configuration knows about a registry: a helper first, then the file itself; then what Podman and
 * skopeo keep in auth.json, where a repository can have an entry of its own. Throws `registry-denied` for a helper that fails.
 */
export async function findCredentials(
  dockerConfig: string,
  registry: string,
  repository = '',
): Promise<Credentials | undefined> {
  const own = await findOwnCredentials(dockerConfig, registry)
  if (own) return own
  for (const path of containersFiles()) {
    const config = parseJson(readSmallFile(path, MAX_CONFIG))
    const found = isObject(config)
      ? await findIn(config, registry, namespaces(repository))
      : undefined
    if (found) return found
  }
  return undefined
}

/** As `findCredentials`, in Docker's configuration alone: what `login` would write to. */
export const findOwnCredentials = (
  dockerConfig: string,
  registry: string,
): Promise<Credentials | undefined> => findIn(readAuthConfig(dockerConfig), registry, [])

async function findIn(
  config: Json | undefined,
  registry: string,
  within: readonly string[],
): Promise<Credentials | undefined> {
  if (!config) return undefined
  const key = credentialKey(registry)
  const helper = helperOf(config, key)
  const found = helper ? await askHelper(helper, key) : undefined
  if (found) return found
  return isObject(config.auths) ? findInFile(config.auths, key, registry, within) : undefined
}

/** Where containers-auth.json(5) is looked for. */
function containersFiles(): string[] {
  const { REGISTRY_AUTH_FILE: chosen, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME } = process.env
  if (chosen) return [chosen]
  const config = XDG_CONFIG_HOME || join(homedir(), '.config')
  return [
    ...(runtime ? [join(runtime, 'containers/auth.json')] : []),
    join(config, 'containers/auth.json'),
  ]
}

/** `a/b/c`, `a/b`, `a`: the closest entry counts. */
function namespaces(repository: string): string[] {
  const parts = repository.split('/')
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'))
}

function findInFile(
  auths: Json,
  key: string,
  registry: string,
  within: readonly string[],
): Credentials | undefined {
  const names = Object.keys(auths)
  const name =
    within.map((path) => `${registry}/${path}`).find((entry) => Object.hasOwn(auths, entry)) ??
    names.find((entry) => entry === key) ??
    // What containers keep of one namespace is not for another one.
    names.find((entry) => (within.length > 0 ? stripScheme(entry) : hostOf(entry)) === registry)
  return name === undefined ? undefined : parseEntry(auths[name])
}

function parseEntry(entry: unknown): Credentials | undefined {
  if (!isObject(entry)) return undefined
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '') {
    return { kind: 'identity-token', token: entry.identitytoken }
  }
  if (typeof entry.auth === 'string') {
    const [, username, password] =
      /^([^:]+):([\s\S]*)$/.exec(Buffer.from(entry.auth, 'base64').toString('utf8')) ?? []
    if (username && password !== undefined) {
      return { kind: 'password', username, password: password.replace(/\0+$/, '') }
    }
  }
  const { username, password } = entry
  return typeof username === 'string' && typeof password === 'string'
    ? { kind: 'password', username, password }
    : undefined
}

const stripScheme = (entry: string): string => entry.replace(/^https?:\/\//, '')

const hostOf = (entry: string): string => stripScheme(entry).split('/')[0] ?? ''

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
