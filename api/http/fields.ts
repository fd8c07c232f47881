import { badRequest } from './errors.ts'
import { goKind } from './go-json.ts'

type Document = Readonly<Record<string, unknown>>

/**
 * The members of a JSON object that somebody sent, each read as the type that it has to have. As in Go, `null` is as good as absent,
 * names are found in whatever case they are written, and members that nobody asks for are ignored. All methods throw 400 in the words of
 * Go's decoder where the type is another one.
 */
export class Fields {
  readonly #members: Document
  readonly #type: string
  readonly #path: string
  #folded: ReadonlyMap<string, unknown> | undefined

  /** `type`: what Go calls the structure; `path`: where it is in the document, empty for all of it. Both are for errors only. */
  constructor(members: Document, type: string, path = '') {
    this.#members = members
    this.#type = type
    this.#path = path
  }

  /** Whether it is there, and not `null`. */
  has(name: string): boolean {
    return this.#find(name) !== undefined
  }

  /** `undefined` where it is absent. */
  textIfAny(name: string, type = 'string'): string | undefined {
    const value = this.#find(name)
    if (value === undefined || typeof value === 'string') return value
    throw this.#wrong(name, value, type)
  }

  /** `''` where it is absent; `type`: what Go calls its type. */
  text(name: string, type?: string): string {
    return this.textIfAny(name, type) ?? ''
  }

  boolIfAny(name: string): boolean | undefined {
    const value = this.#find(name)
    if (value === undefined || typeof value === 'boolean') return value
    throw this.#wrong(name, value, 'bool')
  }

  bool(name: string): boolean {
    return this.boolIfAny(name) ?? false
  }

  /** A whole number of 64 bits; `type`: what Go calls its type. */
  intIfAny(name: string, type = 'int64'): number | undefined {
    const value = this.#find(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number') throw this.#wrong(name, value, type)
    const unsigned = type.startsWith('u') || type === 'fs.FileMode'
    const bits = Number(/\d+$/.exec(type)?.[0] ?? (type === 'fs.FileMode' ? 32 : 64))
    const limit = 2 ** (unsigned ? bits : bits - 1)
    const isIn = value <= limit && value >= (unsigned ? 0 : -limit)
    if (Number.isInteger(value) && isIn) return value
    throw this.#wrong(name, `number ${value}`, type, true)
  }

  int(name: string, type?: string): number {
    return this.intIfAny(name, type) ?? 0
  }

  /** A list of whole numbers; empty where it is absent. */
  ints(name: string, type = 'int64', whole = `[]${type}`): number[] {
    const value = this.#find(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.#wrong(name, value, whole)
    return value.map((entry) =>
      new Fields({ [name]: entry }, this.#type, this.#path).int(name, type),
    )
  }

  /** A list of texts; `undefined` where it is absent. */
  textsIfAny(name: string): string[] | undefined {
    const value = this.#find(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw this.#wrong(name, value, '[]string')
    return value.map((entry) => {
      if (typeof entry === 'string') return entry
      if (entry === null) return ''
      throw this.#wrong(name, entry, 'string')
    })
  }

  texts(name: string): string[] {
    return this.textsIfAny(name) ?? []
  }

  /** A list of texts, or a text alone, as commands may be written. */
  wordsIfAny(name: string): string[] | undefined {
    const value = this.#find(name)
    if (typeof value === 'string') return [value]
    const isList =
      Array.isArray(value) && value.every((one) => one === null || typeof one === 'string')
    // Go reads a text where it has read no list.
    if (value !== undefined && !isList) throw this.#wrong(name, value, 'string')
    return this.textsIfAny(name)
  }

  /** Texts by name; `undefined` where it is absent. */
  mapIfAny(name: string): Record<string, string> | undefined {
    const entries = this.#entries(name, 'map[string]string')
    if (entries === undefined) return undefined
    return Object.fromEntries(
      entries.map(([key, value]) => {
        if (typeof value === 'string') return [key, value]
        if (value === null) return [key, '']
        throw this.#wrong(name, value, 'string')
      }),
    )
  }

  map(name: string): Record<string, string> {
    return this.mapIfAny(name) ?? {}
  }

  /** The names of an object that stands for a set: `{"80/tcp": {}}`. */
  keys(name: string, type = 'map[string]struct {}'): string[] {
    const entries = this.#entries(name, type) ?? []
    for (const [, value] of entries) {
      if (value !== null && !isObject(value)) throw this.#wrong(name, value, 'struct {}')
    }
    return entries.map(([key]) => key)
  }

  /** Another structure; empty where it is absent. */
  object(name: string, type = name): Fields {
    const value = this.#find(name)
    if (value !== undefined && !isObject(value)) throw this.#wrong(name, value, type)
    return new Fields(value ?? {}, type, this.#below(name))
  }

  /** A list of structures. */
  objects(name: string, type = name): Fields[] {
    const value = this.#find(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.#wrong(name, value, `[]${type}`)
    return value.map((entry) => this.#nested(name, entry, type))
  }

  /** Structures by name. */
  objectMap(name: string, type = name): [string, Fields][] {
    const entries = this.#entries(name, `map[string]${type}`) ?? []
    return entries.map(([key, value]) => [key, this.#nested(name, value, type)])
  }

  /** The first name in an object that has `null` for its value; `undefined` where none has. */
  nullIn(name: string): string | undefined {
    const value = this.#find(name)
    if (!isObject(value)) return undefined
    return Object.keys(value).find((key) => value[key] === null)
  }

  /** Lists of structures by name. */
  objectLists(name: string, type = name, whole = `map[string][]${type}`): [string, Fields[]][] {
    const entries = this.#entries(name, whole) ?? []
    return entries.map(([key, value]) => {
      if (value === null) return [key, []]
      if (!Array.isArray(value)) throw this.#wrong(name, value, `[]${type}`)
      return [key, value.map((entry) => this.#nested(name, entry, type))]
    })
  }

  /** A list of lists of texts. */
  textLists(name: string): string[][] {
    const value = this.#find(name)
    if (value === undefined) return []
    if (!Array.isArray(value)) throw this.#wrong(name, value, '[][]string')
    return value.map((entry) =>
      new Fields({ [name]: entry as unknown }, this.#type, this.#path).texts(name),
    )
  }

  #nested(name: string, value: unknown, type: string): Fields {
    if (value !== null && !isObject(value)) throw this.#wrong(name, value, type)
    return new Fields(value ?? {}, type, this.#below(name))
  }

  #entries(name: string, type: string): [string, unknown][] | undefined {
    const value = this.#find(name)
    if (value === undefined) return undefined
    if (!isObject(value)) throw this.#wrong(name, value, type)
    return Object.entries(value)
  }

  #find(name: string): unknown {
    if (Object.hasOwn(this.#members, name)) return this.#members[name] ?? undefined
    this.#folded ??= new Map(
      Object.entries(this.#members).map(([key, value]) => [key.toLowerCase(), value]),
    )
    return this.#folded.get(name.toLowerCase()) ?? undefined
  }

  #wrong(name: string, value: unknown, type: string, isSaid = false): Error {
    const kind = isSaid ? String(value) : goKind(value)
    const where = `${this.#type}.${this.#below(name)}`
    return badRequest(
      `invalid JSON: json: cannot unmarshal ${kind} into Go struct field ${where} of type ${type}`,
    )
  }

  #below(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }
}

const isObject = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
