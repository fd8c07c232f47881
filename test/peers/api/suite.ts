/** One request, and what is done for its sake. */
export interface ApiCase {
  /** `POST /containers/create?name=x`; 1.45 is asked unless the path begins with a version. What {@link Prepared} has is put in for `{name}`. */
  ask: string
  /** A document; a text is sent as it is. */
  body?: unknown
  headers?: Record<string, string>
  /** What the body is, where its text says little. */
  note?: string
  /** Requests before it and behind it, whose answers are not looked at. */
  before?: string[]
  after?: string[]
}

export interface ApiTopic {
  name: string
  cases: ApiCase[]
}

/** What is compared of an answer. */
export interface ApiAnswer {
  status: number
  /** Of an answer that is no success. */
  message?: string
  /** Of a document: the names of its members, or of those of the first one in a list, in the order of the alphabet. */
  members?: string[]
  /** Of a document that warns. */
  warnings?: string[]
  /** Of a stream of documents: its failures. */
  errors?: string[]
}

/** Names a case by all that it asks. */
export function nameOf({ ask, body, headers, note }: ApiCase): string {
  const parts = [
    ask,
    ...(body === undefined || note ? [] : [typeof body === 'string' ? body : JSON.stringify(body)]),
    ...(headers === undefined ? [] : [JSON.stringify(headers)]),
    ...(note === undefined ? [] : [`(${note})`]),
  ]
  return parts.join(' ')
}

type Table = (string | [string, unknown] | ApiCase)[]

/** A topic of cases, each with its request alone, with a body as well, or in full. */
export const topic = (name: string, table: Table): ApiTopic => ({
  name,
  cases: table.map((entry) => {
    if (typeof entry === 'string') return { ask: entry }
    return Array.isArray(entry) ? { ask: entry[0], body: entry[1] } : entry
  }),
})

/** A container that is made with this in its document. */
export const create = (document: object, more: Partial<ApiCase> = {}): ApiCase => ({
  ask: 'POST /containers/create',
  body: { Image: 'busybox', Cmd: ['true'], ...document },
  ...more,
})

/** A container that is made with this in the part for the host. */
export const host = (config: object, more: Partial<ApiCase> = {}): ApiCase =>
  create({ HostConfig: config }, more)

/** The part of an address that filters. */
export const filters = (value: unknown): string =>
  `filters=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`
