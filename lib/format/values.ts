/**
 * Values as templates see them. Go's reflection decides what a template may do with a value and how it prints, so each value
 * carries a Go type. The data behind a struct is the JSON document it is encoded as: a field knows its key there.
 */

export type Kind =
  | 'bool'
  | 'int'
  | 'uint8'
  | 'float'
  | 'string'
  | 'slice'
  | 'map'
  | 'struct'
  | 'pointer'
  | 'interface'

/** What a function or method demands of an argument; `any` takes everything. */
export type Parameter = 'any' | 'string' | 'int' | 'strings'

export interface GoMethod {
  parameters: readonly Parameter[]
  call: (data: unknown, args: readonly Value[]) => Value
}

export interface GoField {
  name: string
  /** Its key in the document; the members of an embedded struct are in the document of what embeds it. */
  key: string
  type: GoType
  embedded: boolean
}

export interface GoType {
  readonly kind: Kind
  /** As `%T` prints it. */
  readonly name: string
  /** Of a slice, a map, a pointer. */
  readonly element?: GoType
  /** A map's type of keys, which are texts; `string` where it is not said. */
  readonly key?: GoType
  readonly fields?: readonly GoField[]
  readonly methods?: Readonly<Record<string, GoMethod>>
  /** What its String method says. */
  readonly text?: (data: unknown) => string
  /** What its MarshalJSON method says: JSON. */
  readonly json?: (data: unknown) => string
  /** Numbers of this interface are texts (`json.Number`), as in a document decoded without a type. */
  readonly exactNumbers?: boolean
}

export interface GoValue {
  readonly type: GoType
  readonly data: unknown
}

/** `undefined`: no value at all, Go's invalid one. */
export type Value = GoValue | undefined

type Document = Readonly<Record<string, unknown>>

const basic = (kind: Kind, name: string): GoType => ({ kind, name })

export const STRING = basic('string', 'string')
export const BOOL = basic('bool', 'bool')
export const INT = basic('int', 'int')
export const BYTE = basic('uint8', 'uint8')
export const FLOAT = basic('float', 'float64')
export const NUMBER_TEXT = basic('string', 'json.Number')
export const ANYTHING = basic('interface', 'interface {}')
const EXACT_ANYTHING: GoType = { ...ANYTHING, exactNumbers: true }

export const sliceOf = (element: GoType, name = `[]${element.name}`): GoType => ({
  kind: 'slice',
  name,
  element,
})
export const mapOf = (element: GoType, name = `map[string]${element.name}`): GoType => ({
  kind: 'map',
  name,
  element,
})
export const pointerTo = (element: GoType): GoType => ({
  kind: 'pointer',
  name: `*${element.name}`,
  element,
})

export const STRINGS = sliceOf(STRING)

export const string = (data: string): GoValue => ({ type: STRING, data })
export const bool = (data: boolean): GoValue => ({ type: BOOL, data })
export const int = (data: number | bigint): GoValue => ({ type: INT, data: BigInt(data) })

/** A JSON value as Go decodes it where no type is known: maps, slices, and numbers as texts or as floats. */
export const fromJson = (data: unknown, exactNumbers = true): Value =>
  concrete({ type: exactNumbers ? EXACT_ANYTHING : ANYTHING, data })

/** What is inside an interface; `undefined` for a nil one. Everything else is returned as it is. */
export function concrete(value: Value): Value {
  if (value?.type.kind !== 'interface') return value
  const { data, type } = value
  switch (typeof data) {
    case 'string':
      return string(data)
    case 'boolean':
      return bool(data)
    case 'number':
      return type.exactNumbers ? { type: NUMBER_TEXT, data: String(data) } : { type: FLOAT, data }
    case 'bigint':
      return int(data)
    case 'object':
      if (data === null) return undefined
      return { type: Array.isArray(data) ? sliceOf(type) : mapOf(type), data }
    default:
      return undefined
  }
}

/** Follows pointers and interfaces. `isNil`: one of them led nowhere, and is the value. */
export function indirect(value: Value): { value: Value; isNil: boolean } {
  let current = value
  while (current?.type.kind === 'pointer' || current?.type.kind === 'interface') {
    const { type, data }: GoValue = current
    if (data === null || data === undefined) return { value: current, isNil: true }
    current =
      type.kind === 'pointer' && type.element ? { type: type.element, data } : concrete(current)
  }
  return { value: current, isNil: false }
}

export const intOf = (value: GoValue): bigint =>
  typeof value.data === 'bigint' ? value.data : BigInt(Math.trunc(Number(value.data ?? 0)))

export const floatOf = (value: GoValue): number => Number(value.data ?? 0)

export const textOf = (value: GoValue): string => (typeof value.data === 'string' ? value.data : '')

const listOf = ({ data }: GoValue): readonly unknown[] => (Array.isArray(data) ? data : [])

const documentOf = ({ data }: GoValue): Document =>
  typeof data === 'object' && data !== null ? (data as Document) : {}

/** Number of elements; of a string, its bytes. `undefined` for what has none. */
export function lengthOf(value: GoValue): number | undefined {
  switch (value.type.kind) {
    case 'string':
      return Buffer.byteLength(textOf(value))
    case 'slice':
      return listOf(value).length
    case 'map':
      return Object.keys(documentOf(value)).length
    default:
      return undefined
  }
}

export const elementsOf = (value: GoValue): GoValue[] =>
  listOf(value).map((data) => ({ type: value.type.element ?? ANYTHING, data }))

/** The entries of a map in the order of their keys, as Go visits and prints them. */
export const entriesOf = ({ type, data }: GoValue): [GoValue, GoValue][] =>
  Object.entries(documentOf({ type, data }))
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([key, element]) => [
      { type: type.key ?? STRING, data: key },
      { type: type.element ?? ANYTHING, data: element },
    ])

export function entryOf(value: GoValue, key: string): Value {
  const document = documentOf(value)
  if (!Object.hasOwn(document, key)) return undefined
  return { type: value.type.element ?? ANYTHING, data: document[key] }
}

/** The field of a struct, also one of a struct that it embeds. */
export function fieldOf(value: GoValue, name: string): Value {
  for (const field of value.type.fields ?? []) {
    const found = readField(value, field)
    if (field.name === name) return found
    const inner = field.embedded ? fieldOf(indirect(found).value ?? found, name) : undefined
    if (inner) return inner
  }
  return undefined
}

export const readField = (value: GoValue, { type, key, embedded }: GoField): GoValue => ({
  type,
  data: embedded ? value.data : documentOf(value)[key],
})

/** Whether a type, or a struct that it embeds, has a field of this name. */
export const hasField = (type: GoType, name: string): boolean =>
  (type.fields ?? []).some(
    (field) =>
      field.name === name || (field.embedded && hasField(field.type.element ?? field.type, name)),
  )

/** Go's idea of truth: not the zero value of its kind. A struct is always true. */
export function isTrue(value: Value): boolean {
  if (!value) return false
  switch (value.type.kind) {
    case 'bool':
      return value.data === true
    case 'int':
    case 'uint8':
      return intOf(value) !== 0n
    case 'float':
      return floatOf(value) !== 0
    case 'string':
    case 'slice':
    case 'map':
      return lengthOf(value) !== 0
    case 'pointer':
    case 'interface':
      return value.data !== null && value.data !== undefined
    case 'struct':
      return true
  }
}

/** Order of the UTF-8 bytes, which is the order of the code points. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
