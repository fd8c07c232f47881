import { readFileSync } from 'node:fs'
import type { ValidateFunction } from 'ajv'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { parse } from 'yaml'

type Schema = { [key: string]: unknown }

/** The methods of an address that is published, with what is answered by status. */
interface PublishedPath {
  [method: string]: { responses: Record<string, { schema?: Schema }> }
}

/** What Docker has published of its API, as OpenAPI 2. */
export class Specification {
  /** What each path begins with: `/v1.45`. */
  readonly base: string
  readonly paths: Readonly<Record<string, PublishedPath>>
  readonly #definitions: Schema
  readonly #ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false })
  readonly #validators = new Map<string, ValidateFunction>()

  constructor(file: string) {
    const document = parse(readFileSync(file, 'utf8')) as {
      basePath: string
      paths: Record<string, PublishedPath>
      definitions: Schema
    }
    admitOmissions(document)
    this.base = document.basePath
    this.paths = document.paths
    const parts = partsOfOthers(document)
    this.#definitions = Object.fromEntries(
      Object.entries(document.definitions).map(([name, schema]) => [
        name,
        asJsonSchema(schema, parts.has(`#/definitions/${name}`)),
      ]),
    )
  }

  /** What is wrong with an answer, a line each; none where it is as published. */
  problems(method: string, path: string, status: number, value: unknown): string[] {
    const key = `${method} ${path} ${status}`
    const validate = this.#validators.get(key) ?? this.#compile(key, method, path, status)
    this.#validators.set(key, validate)
    if (validate(value)) return []
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) =>
        `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    )
  }

  #compile(key: string, method: string, path: string, status: number): ValidateFunction {
    const schema = this.paths[path]?.[method.toLowerCase()]?.responses[status]?.schema
    if (!schema) throw new Error(`${key}: nothing is published of that`)
    return this.#ajv.compile({
      ...(asJsonSchema(schema) as Schema),
      definitions: this.#definitions,
    })
  }
}

/** What Docker itself answers and has not published: members of definitions by name, whatever their place. */
function admitOmissions(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'properties') admitInProperties(inner as Record<string, Schema>)
    admitOmissions(inner)
  }
}

function admitInProperties(properties: Record<string, Schema>): void {
  const { Isolation, MemorySwappiness, ExitCode, timeNano } = properties
  // The default, on systems other than Windows.
  if (Array.isArray(Isolation?.enum)) Isolation.enum.push('')
  // Where nothing was said; of a process that has not ended.
  for (const schema of [MemorySwappiness, ExitCode]) if (schema) schema['x-nullable'] = true
  // Events have what they had before version 1.22 as well.
  if (timeNano) for (const name of ['status', 'id', 'from']) properties[name] = { type: 'string' }
}

/** What is put together with more to a whole: it does not know all members. */
function partsOfOthers(value: unknown, found = new Set<unknown>()): Set<unknown> {
  if (typeof value !== 'object' || value === null) return found
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'allOf') for (const part of inner as Schema[]) found.add(part.$ref)
    partsOfOthers(inner, found)
  }
  return found
}

/**
 * OpenAPI's words for a schema as JSON Schema's. Lists and maps may be null: Go writes so what is empty. Members that are not
 * published are wrong.
 */
function asJsonSchema(value: unknown, isPart = false): unknown {
  if (Array.isArray(value)) return value.map((each) => asJsonSchema(each, isPart))
  if (typeof value !== 'object' || value === null) return value
  const schema = Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !IGNORED.has(key))
      .map(([key, inner]) => [key, key === 'enum' ? inner : convertMember(key, inner)]),
  ) as Schema
  if ('$ref' in schema) return { $ref: schema.$ref }
  const isObject = 'properties' in schema || 'allOf' in schema
  if (isObject && !isPart && !('additionalProperties' in schema)) {
    schema.unevaluatedProperties = false
  }
  const isNullable =
    (value as Schema)['x-nullable'] === true || schema.type === 'array' || schema.type === 'object'
  if (isNullable && typeof schema.type === 'string') {
    schema.type = [schema.type, 'null']
    if (Array.isArray(schema.enum)) schema.enum = [...schema.enum, null]
  }
  return schema
}

/** Members of `properties` are named by their users: none of their names is a word of the schema. */
function convertMember(key: string, inner: unknown): unknown {
  if (key !== 'properties') return asJsonSchema(inner, key === 'allOf')
  return Object.fromEntries(
    Object.entries(inner as Schema).map(([name, schema]) => [name, asJsonSchema(schema)]),
  )
}

/** Examples may look like schemas; what describes them is for people. */
const IGNORED = new Set(['example', 'examples', 'description', 'default', 'title'])
