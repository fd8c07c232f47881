import { LighterError } from '../../core/errors.ts'
import { readSmallText } from '../../fs/read.ts'
import { composeService } from './compose-service.ts'
import type { Source } from './hcl/source.ts'
import { interpolate, parseEnvironmentFile } from './interpolate.ts'
import type { Definition, Target } from './target.ts'
import type { Environment } from './variables.ts'

type Json = Readonly<Record<string, unknown>>

const MAX_ENVIRONMENT = 1024 * 1024

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a file is one of compose, by its name; `undefined`: the name does not say. */
export function isComposeName(name: string): boolean | undefined {
  if (/\.ya?ml$/i.test(name)) return true
  return /\.(json|hcl)$/i.test(name) ? false : undefined
}

/**
 * The services of compose files that are built, each as a target, all in the group `default`. Throws `usage`.
 *
 * Taken of a service: `build` with what buildx takes of it, `image` where it has no tags, `environment` for arguments without values,
 * and `x-bake`.
 */
export async function readCompose(
  sources: readonly Source[],
  environment: Environment,
): Promise<Definition> {
  const file = parseEnvironmentFile(readSmallText('.env', MAX_ENVIRONMENT) ?? '')
  const known: Environment = Object.assign(Object.create(null), file, environment)
  let document: Json = {}
  for (const source of sources) document = mergeObjects(document, await parseCompose(source, known))
  const services = isObject(document.services) ? document.services : {}
  const secrets = isObject(document.secrets) ? document.secrets : {}
  const targets = Object.keys(services).flatMap((name): Target[] => {
    const service = extended(name, services, [])
    const target = composeService(name, service, { secrets, environment: known })
    return target ? [target] : []
  })
  const names = targets.map(({ name }) => name)
  const groups =
    names.length > 0 ? [{ name: 'default', description: undefined, targets: names }] : []
  return { targets, groups, variables: [], warnings: [] }
}

async function parseCompose({ name, text }: Source, environment: Environment): Promise<Json> {
  const { parse } = await import('yaml')
  let document: unknown
  try {
    document = parse(text, { merge: true, maxAliasCount: 1000 })
  } catch (error) {
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new LighterError('usage', `failed to parse ${name}: parsing yaml: ${reason}`)
  }
  if (isObject(document)) return replaceIn(document, environment) as Json
  throw new LighterError(
    'usage',
    `failed to parse ${name}: parsing yaml: Top-level object must be a mapping`,
  )
}

function replaceIn(value: unknown, environment: Environment): unknown {
  if (typeof value === 'string') return interpolate(value, environment)
  if (Array.isArray(value)) return value.map((item) => replaceIn(item, environment))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaceIn(item, environment)]),
  )
}

/** Later files say more of the same services; lists are added to. */
function mergeObjects(under: Json, over: Json): Json {
  const merged: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over)) {
    if (key === '__proto__') continue
    const old = merged[key]
    if (isObject(old) && isObject(value)) merged[key] = mergeObjects(old, value)
    else if (Array.isArray(old) && Array.isArray(value))
      merged[key] = [...new Set([...old, ...value])]
    else if (typeof old === 'string' && key === 'build' && isObject(value))
      merged[key] = { context: old, ...value }
    else merged[key] = value
  }
  return merged
}

/** A service with what it has of another one. */
function extended(name: string, services: Json, way: readonly string[]): Json {
  const service = services[name]
  if (!isObject(service)) throw new LighterError('usage', `services.${name} must be a mapping`)
  const { extends: from } = service
  const other = typeof from === 'string' ? from : isObject(from) ? from.service : undefined
  if (other === undefined) return service
  if (isObject(from) && typeof from.file === 'string') {
    throw new LighterError(
      'usage',
      `services.${name} extends a service of another file, which bake does not read: name ${from.file} with -f`,
    )
  }
  if (typeof other !== 'string' || way.includes(other) || !isObject(services[other])) {
    throw new LighterError('usage', `cannot extend service "${name}": service "${other}" not found`)
  }
  return mergeObjects(extended(other, services, [...way, name]), service)
}
