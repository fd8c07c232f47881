import { parseTruth } from '../../lib/core/truth.ts'
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

  /** Only the texts that Go takes for a truth. Throws 400 for others. */
  strictBool(name: string): boolean {
    const text = this.text(name)
    const truth = text === '' ? false : parseTruth(text)
    if (truth !== undefined) return truth
    throw badRequest(
      `invalid value for ${name}: ${text}: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    )
  }

  /** A whole number; `undefined` where there is none. `parser`: the one of Go's that is told. Throws 400. */
  int(name: string, parser = 'Atoi'): number | undefined {
    const text = this.text(name)
    if (text === '') return undefined
    const isNumber = /^[+-]?\d+$/.test(text)
    if (isNumber && Number.isSafeInteger(Number(text))) return Number(text)
    const reason = isNumber ? 'value out of range' : 'invalid syntax'
    throw badRequest(`strconv.${parser}: parsing ${JSON.stringify(text)}: ${reason}`)
  }

  /**
   * `filters`: `{"label":["a=b"]}`, or of old clients `{"label":{"a=b":true}}`. Throws 400 for anything else.
   */
  filters(name = 'filters'): Map<string, string[]> {
    const filters = new Map<string, string[]>()
    const text = this.text(name)
    if (text === '') return filters
    const document = filterDocument(text)
    if (document === null) return filters
    if (typeof document !== 'object' || Array.isArray(document)) throw badFilters()
    for (const [key, values] of Object.entries(document)) filters.set(key, valuesOf(values))
    return filters
  }
}

function filterDocument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badFilters()
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
