import type { GoField, GoType } from './values.ts'

/** Methods, and what the one named String says. */
export type Extra = Pick<GoType, 'methods' | 'text'>

const INTEGERS = /^u?int(8|16|32|64)?$/
const FLOATS = /^float(32|64)$/

/**
 * Go types from a compact notation: a line with a name begins a struct, the indented lines below are its fields as
 * `Name Type` or `Name:key Type` (the key in the JSON document), or a type alone, which is embedded. `name = type` gives another
 * type a name. Types are `string`, `[]T`, `*T`, `map[string]T`, or names; `extras` has what types of their own can do beside that.
 */
export function readTypes(
  notation: string,
  known: Readonly<Record<string, GoType>> = {},
  extras: Readonly<Record<string, Extra>> = {},
): (name: string) => GoType {
  const structs = new Map<string, string[]>()
  const aliases = new Map<string, string>()
  let fields: string[] = []
  for (const line of notation.split('\n').filter((text) => text.trim() !== '')) {
    const [name = '', target] = line.trim().split(' = ')
    if (line.startsWith(' ')) fields.push(line.trim())
    else if (target) aliases.set(name, target)
    else {
      fields = []
      structs.set(name, fields)
    }
  }
  const made = new Map<string, GoType>(Object.entries(known))
  const find = (name: string): GoType => {
    const done = made.get(name)
    if (done) return done
    const type = makeType(name, find, structs.get(name), aliases.get(name), extras[name])
    made.set(name, type)
    return type
  }
  return find
}

function makeType(
  name: string,
  find: (name: string) => GoType,
  fields: readonly string[] | undefined,
  alias: string | undefined,
  extra: Extra = {},
): GoType {
  if (fields)
    return lazy({ kind: 'struct', name, ...extra }, { fields: () => readFields(fields, find) })
  if (alias) return renamed(find(alias), name)
  const [, list, map, pointer] = /^(?:(\[\d*\])|(map\[[\w.]+\])|(\*))/.exec(name) ?? []
  const prefix = list ?? map ?? pointer
  if (prefix) {
    const kind = list ? 'slice' : map ? 'map' : 'pointer'
    const key = map?.slice('map['.length, -1)
    return lazy(
      { kind, name, ...(key ? { key: find(key) } : {}) },
      { element: () => find(name.slice(prefix.length)) },
    )
  }
  if (name === 'interface {}') return { kind: 'interface', name }
  if (name === 'bool') return { kind: 'bool', name }
  if (INTEGERS.test(name)) return { kind: 'int', name }
  if (FLOATS.test(name)) return { kind: 'float', name }
  // Everything else that has no entry is a text with a name of its own.
  return { kind: 'string', name, ...extra }
}

/** The same under another name; what it is made of is found when it is asked for. */
function renamed(type: GoType, name: string): GoType {
  const { kind, key, text, json } = type
  return lazy(
    { kind, name, ...(key ? { key } : {}), ...(text ? { text } : {}), ...(json ? { json } : {}) },
    {
      ...('element' in type ? { element: () => type.element } : {}),
      ...('fields' in type ? { fields: () => type.fields } : {}),
    },
  )
}

function lazy(type: GoType, parts: Partial<Record<'element' | 'fields', () => unknown>>): GoType {
  const result = { ...type }
  for (const [key, make] of Object.entries(parts)) {
    Object.defineProperty(result, key, { enumerable: true, get: make })
  }
  return result
}

const readFields = (lines: readonly string[], find: (name: string) => GoType): GoField[] =>
  lines.map((line) => {
    const space = line.indexOf(' ')
    if (space < 0) {
      const name = line.slice(line.lastIndexOf('.') + 1).replace(/^\*/, '')
      return { name, key: '', type: find(line), embedded: true }
    }
    const [name = '', key = name] = line.slice(0, space).split(':')
    return { name, key, type: find(line.slice(space + 1)), embedded: false }
  })
