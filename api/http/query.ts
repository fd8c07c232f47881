import { badRequest } from './errors.ts'

/** The part of an address after `?`, read as Docker's daemon reads it. */
export class Query {
  readonly #values: URLSearchParams

  constructor(text: string) {
    this.#values = new URLSearchParams(text)
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The first value; `''` where there is none. */
  text(name: string): string {
    return this.#values.get(name) ?? ''
  }

  all(name: string): string[] {
    return this.#values.getAll(name)
  }

  /** Every text but a few means yes. */
  bool(name: string, absent = false): boolean {
    if (!this.has(name)) return absent
    return !FALSE.has(this.text(name).trim().toLowerCase())
  }

  /** A whole number; `undefined` where there is none. Throws 400. */
  int(name: string): number | undefined {
    const text = this.text(name)
    if (text === '') return undefined
    if (!/^[+-]?\d{1,15}$/.test(text)) {
      throw badRequest(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
    }
    return Number(text)
  }

  /** A JSON document; `undefined` where there is none. Throws 400. */
  json(name: string): unknown {
    const text = this.text(name)
    if (text === '') return undefined
    try {
      return JSON.parse(text)
    } catch (error) {
      throw badRequest(`invalid ${name}: ${(error as Error).message}`)
    }
  }

  /**
   * `filters`: `{"label":["a=b"]}`, or of old clients `{"label":{"a=b":true}}`. Throws 400 for anything else.
   */
  filters(name = 'filters'): Map<string, string[]> {
    const document = this.#filterDocument(name)
    const filters = new Map<string, string[]>()
    if (document === undefined || document === null) return filters
    if (typeof document !== 'object' || Array.isArray(document)) throw badFilters()
    for (const [key, values] of Object.entries(document)) filters.set(key, valuesOf(values))
    return filters
  }

  #filterDocument(name: string): unknown {
    try {
      return this.json(name)
    } catch {
      throw badFilters()
    }
  }
}

const FALSE: ReadonlySet<string> = new Set(['', '0', 'no', 'false', 'none'])

function valuesOf(values: unknown): string[] {
  if (Array.isArray(values) && values.every((value) => typeof value === 'string')) return values
  if (typeof values !== 'object' || values === null || Array.isArray(values)) throw badFilters()
  if (Object.values(values).some((value) => typeof value !== 'boolean')) throw badFilters()
  return Object.keys(values)
}

const badFilters = () => badRequest('invalid filter')
