/**
 * Values of definitions. Of the types of HCL those are told apart that a definition can tell apart: lists, tuples and sets are lists here,
 * maps and objects are maps.
 */
export type Value = null | string | number | boolean | readonly Value[] | ValueMap | Scope

export type ValueMap = ReadonlyMap<string, Value>

/** What is found out only when it is asked for: the attributes of a block. */
export class Scope {
  readonly get: (name: string) => Value | undefined

  constructor(get: (name: string) => Value | undefined) {
    this.get = get
  }
}

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value)

export const isMap = (value: Value | undefined): value is ValueMap => value instanceof Map

/** Members in the order in which HCL goes through them: sorted by their names. */
export const sortedEntries = (map: ValueMap): [string, Value][] =>
  [...map].sort(([a], [b]) => compareText(a, b))

/** By code points, as Go sorts. */
export const compareText = (a: string, b: string): number =>
  a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))

/** What HCL calls the type of a value in its messages. */
export function typeName(value: Value): string {
  if (value === null) return 'dynamic'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string' || typeof value === 'number') return typeof value
  return isList(value) ? 'tuple' : 'object'
}

/** Without exponents, however large it is. HCL counts in decimals: what binary fractions add behind the 15th digit is not shown. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString()
  const text = String(Number(value.toPrecision(15)))
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text
}

/** The text of what can be one; `undefined` for the rest, null among it. */
export function toText(value: Value): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return formatNumber(value)
  return typeof value === 'boolean' ? String(value) : undefined
}

export function toNumber(value: Value): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value))
    return undefined
  return Number(value)
}

export function toBoolean(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (value === 'true' || value === '1') return true
  return value === 'false' || value === '0' ? false : undefined
}

/** Whether two values are the same, their types included. */
export function isEqual(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index] as Value))
  }
  if (isMap(a) && isMap(b)) {
    return (
      a.size === b.size &&
      [...a].every(([key, item]) => b.has(key) && isEqual(item, b.get(key) as Value))
    )
  }
  return a === b
}

/** From what JSON can say. */
export function fromJson(value: unknown): Value {
  if (Array.isArray(value)) return value.map(fromJson)
  if (typeof value !== 'object' || value === null) return value as Value
  return new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item)]))
}

/** For JSON; members sorted. */
export function toJson(value: Value): unknown {
  if (isList(value)) return value.map(toJson)
  if (isMap(value))
    return Object.fromEntries(sortedEntries(value).map(([key, item]) => [key, toJson(item)]))
  return value
}
