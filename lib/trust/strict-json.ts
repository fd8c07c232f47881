/** What a document says, each member once. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A text that is no JSON, or says something twice. The message has no more than the reason. */
export class JsonError extends Error {}

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g

/**
 * Parses JSON in which no object has a member twice: of two readers one may see the first, the other the last, and whoever signed
 * or wrote a rule meant one of them. Throws `JsonError`.
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new JsonError((error as Error).message)
  }
  refuseDuplicates(text)
  return value
}

/** Walks the tokens of a text that is known to be JSON. */
function refuseDuplicates(text: string): void {
  /** The members of each open object so far; of a list, nothing. */
  const open: (Set<string> | undefined)[] = []
  let last = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':') addMember(open.at(-1), JSON.parse(last) as string)
    last = token
  }
}

function addMember(members: Set<string> | undefined, name: string): void {
  if (members?.has(name)) throw new JsonError(`${JSON.stringify(name)} is said twice`)
  members?.add(name)
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Throws `JsonError` unless the value is an object that has all of these members, perhaps some of the others, and no more. */
export function readMembers(
  value: unknown,
  what: string,
  needed: readonly string[],
  others: readonly string[] = [],
): JsonObject {
  if (!isJsonObject(value)) throw new JsonError(`${what} must be an object`)
  for (const name of Object.keys(value)) {
    if (!needed.includes(name) && !others.includes(name)) {
      throw new JsonError(`${what} has an unknown member ${JSON.stringify(name)}`)
    }
  }
  const missing = needed.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) throw new JsonError(`${what} has no ${JSON.stringify(missing)}`)
  return value
}

/** Throws `JsonError` unless the value is a text, and not an empty one. */
export function readText(value: unknown, what: string): string {
  if (typeof value === 'string' && value !== '') return value
  throw new JsonError(`${what} must be a text`)
}
