import { posix } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { parseSize } from '../../core/size.ts'
import type { FieldValue, Members, Target } from './target.ts'
import type { Environment } from './variables.ts'

type Json = Readonly<Record<string, unknown>>

/** What a service needs beside itself. */
interface Surroundings {
  /** Those of the file. */
  secrets: Json
  environment: Environment
}

const NAME = /^[a-zA-Z0-9_-]+$/

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A service that is built, as a target; `undefined` for others. Throws `usage`. */
export function composeService(
  name: string,
  service: Json,
  surroundings: Surroundings,
): Target | undefined {
  const build = typeof service.build === 'string' ? { context: service.build } : service.build
  if (!isObject(build)) return undefined
  const target = targetName(name)
  if (!NAME.test(target)) {
    throw new LighterError(
      'usage',
      `invalid service name "${target}": only "[a-zA-Z0-9_-]+" are allowed`,
    )
  }
  const values = new Map<string, FieldValue>()
  const set = (key: string, value: FieldValue | undefined): void => {
    if (value !== undefined) values.set(key, value)
  }
  const where = `services.${name}.build`
  set('context', text(build.context, cleanPath))
  set('contexts', contextsOf(build.additional_contexts, where))
  set('dockerfile', text(build.dockerfile))
  set('dockerfile-inline', text(build.dockerfile_inline))
  set('args', argsOf(build.args, service.environment, surroundings.environment, where))
  set('labels', withoutNull(membersOf(build.labels, `${where}.labels`)))
  set('tags', texts(build.tags))
  set('cache-from', texts(build.cache_from))
  set('cache-to', texts(build.cache_to))
  set('secret', secretsOf(build.secrets, surroundings.secrets, where))
  set('ssh', sshOf(build.ssh))
  set('network', text(build.network))
  set(
    'shm-size',
    build.shm_size === undefined ? undefined : formatSize(build.shm_size, `${where}.shm_size`),
  )
  set('ulimits', ulimitsOf(build.ulimits))
  set('target', text(build.target))
  if (isObject(build['x-bake'])) extend(values, build['x-bake'])
  if (!values.has('tags'))
    set('tags', text(service.image) === undefined ? undefined : [String(service.image)])
  return { name: target, inherits: [], values }
}

function text(value: unknown, change = (given: string): string => given): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  return change(String(value))
}

/** One text is a list of one. */
function texts(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  return (Array.isArray(value) ? value : [value]).map(String)
}

/** Paths are relative to the file, as short as they can be; addresses stay as they are. */
const cleanPath = (path: string): string =>
  /^[a-z][a-z0-9+.-]*:|^git@/i.test(path) ? path : posix.normalize(path).replace(/(.)\/$/, '$1')

/** A map, or a list of `name=value`. */
function membersOf(value: unknown, where: string): Members | undefined {
  if (value === undefined || value === null) return undefined
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, item === null ? null : String(item)]),
    )
  }
  if (!Array.isArray(value)) throw new LighterError('usage', `${where} must be a mapping`)
  return Object.fromEntries(
    value.map(String).map((item): [string, string | null] => {
      const equals = item.indexOf('=')
      return equals < 0 ? [item, null] : [item.slice(0, equals), item.slice(equals + 1)]
    }),
  )
}

/** An argument without a value has that of the service's environment, then of the caller's. */
function argsOf(
  value: unknown,
  own: unknown,
  environment: Environment,
  where: string,
): Members | undefined {
  const args = membersOf(value, `${where}.args`)
  const known = new Map(Object.entries(membersOf(own, 'environment') ?? {}))
  return (
    args &&
    withoutNull(
      Object.fromEntries(
        Object.entries(args).map(([name, item]) => [
          name,
          item ?? known.get(name) ?? environment[name] ?? null,
        ]),
      ),
    )
  )
}

const withoutNull = (members: Members | undefined): Members | undefined =>
  members && Object.fromEntries(Object.entries(members).filter(([, item]) => item !== null))

function contextsOf(value: unknown, where: string): Members | undefined {
  const contexts = membersOf(value, `${where}.additional_contexts`)
  if (!contexts) return undefined
  return Object.fromEntries(
    Object.entries(contexts).map(([name, place]) => [name, contextPath(place ?? '')]),
  )
}

/** Another service of the file is the target of its name. */
const contextPath = (place: string): string =>
  place.startsWith('service:')
    ? `target:${targetName(place.slice('service:'.length))}`
    : cleanPath(place)

const targetName = (service: string): string => service.replaceAll('.', '_')

function secretsOf(value: unknown, known: Json, where: string): string[] | undefined {
  if (!Array.isArray(value)) return undefined
  return value.map((item) => {
    const source = isObject(item) ? String(item.source ?? '') : String(item)
    const secret = known[source]
    if (!isObject(secret))
      throw new LighterError('usage', `${where}: service refers to undefined secret ${source}`)
    if (secret.file !== undefined) return `id=${source},src=${cleanPath(String(secret.file))}`
    return secret.environment === undefined
      ? `id=${source}`
      : `id=${source},env=${secret.environment}`
  })
}

function sshOf(value: unknown): string[] | undefined {
  if (!isObject(value)) return texts(value)
  return Object.entries(value).map(([id, path]) => (path === null ? id : `${id}=${path}`))
}

function ulimitsOf(value: unknown): string[] | undefined {
  if (!isObject(value)) return undefined
  return Object.entries(value).map(([name, limit]) =>
    isObject(limit) ? `${name}=${limit.soft}:${limit.hard}` : `${name}=${limit}:${limit}`,
  )
}

/** `64m` as `64MiB`. */
function formatSize(value: unknown, where: string): string {
  const wrong = (reason: string) => new LighterError('usage', `${where}: ${reason}`)
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let size = parseSize(String(value), wrong)
  let unit = 0
  for (; size >= 1024 && unit < units.length - 1; unit++) size /= 1024
  return `${Number(size.toPrecision(4))}${units[unit]}`
}

const ADDED = [
  'tags',
  'cache-from',
  'cache-to',
  'secret',
  'ssh',
  'platforms',
  'output',
  'no-cache-filter',
  'attest',
  'annotations',
]

/** What `x-bake` says for bake alone: lists are added to. */
function extend(values: Map<string, FieldValue>, extra: Json): void {
  for (const [key, value] of Object.entries(extra)) {
    if (ADDED.includes(key)) {
      const old = values.get(key)
      values.set(key, [...new Set([...(Array.isArray(old) ? old : []), ...(texts(value) ?? [])])])
    } else if (key === 'contexts') values.set(key, contextsOf(value, 'x-bake') ?? {})
    else if (key === 'pull' || key === 'no-cache') values.set(key, value === true)
    else throw new LighterError('usage', `x-bake has no key "${key}"`)
  }
}
