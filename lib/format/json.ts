import {
  compareBytes,
  floatOf,
  type GoType,
  type GoValue,
  NUMBER_TEXT,
  textOf,
  type Value,
} from './values.ts'

/**
 * One line of JSON as Go encodes a value without HTML's escapes: members of a struct in the order of their document, those of a
 * map by their keys.
 */
export function encodeJson(value: Value): string {
  if (!value) return 'null'
  const { type, data } = value
  if (type.json) return type.json(data)
  switch (type.kind) {
    case 'string':
      return type.name === NUMBER_TEXT.name ? textOf(value) || '0' : encodeText(textOf(value))
    case 'int':
    case 'uint8':
      return String(data ?? 0)
    case 'bool':
      return String(data === true)
    case 'float':
      return encodeFloat(floatOf(value))
    case 'pointer':
      return data === null || data === undefined || !type.element
        ? 'null'
        : encodeJson({ type: type.element, data })
    case 'struct':
      return encodeStruct(value)
    case 'interface':
      return encodeData(data)
    case 'slice':
    case 'map':
      return encodeContainer(value, type.element)
  }
}

function encodeContainer({ data }: GoValue, element: GoType | undefined): string {
  const inner = (part: unknown) => (element ? encodeJson({ type: element, data: part }) : 'null')
  if (typeof data !== 'object' || data === null) return 'null'
  if (Array.isArray(data)) return `[${data.map(inner).join(',')}]`
  const members = Object.entries(data)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([key, part]) => `${encodeText(key)}:${inner(part)}`)
  return `{${members.join(',')}}`
}

/** The document has what Go would write, and nothing that it leaves out; the fields know the types of the members. */
function encodeStruct(value: GoValue): string {
  const { data, type } = value
  const types = memberTypes(type)
  const members = Object.entries((data ?? {}) as Record<string, unknown>).flatMap(([key, part]) => {
    if (part === undefined) return []
    const member = types.get(key)
    const text = member ? encodeJson({ type: member, data: part }) : encodeData(part)
    return [`${encodeText(key)}:${text}`]
  })
  return `{${members.join(',')}}`
}

function memberTypes(type: GoType): Map<string, GoType> {
  const types = new Map<string, GoType>()
  for (const field of type.fields ?? []) {
    if (!field.embedded) types.set(field.key, field.type)
    else
      for (const [key, inner] of memberTypes(field.type.element ?? field.type))
        types.set(key, inner)
  }
  return types
}

/** Plain data: members of objects by their keys, as Go has them in maps. */
function encodeData(data: unknown): string {
  if (typeof data === 'string') return encodeText(data)
  if (typeof data === 'number') return encodeFloat(data)
  if (typeof data === 'bigint' || typeof data === 'boolean') return String(data)
  if (typeof data !== 'object' || data === null) return 'null'
  if (Array.isArray(data)) return `[${data.map(encodeData).join(',')}]`
  const members = Object.entries(data)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([key, part]) => `${encodeText(key)}:${encodeData(part)}`)
  return `{${members.join(',')}}`
}

/** JavaScript and Go write numbers in JSON alike. */
const encodeFloat = (value: number): string => String(value)

/** Go also escapes what ends a line in JavaScript's source text. */
export const encodeText = (text: string): string =>
  JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')

/** Plain data as JSON that may stand in an HTML page: what Docker's rows say of themselves. */
export const encodeForHtml = (data: unknown): string => escapeForHtml(encodeData(data))

/** The same JSON, such as may stand in an HTML page. */
export const escapeForHtml = (json: string): string =>
  json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`)
