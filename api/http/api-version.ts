import { badRequest } from './errors.ts'

/** A version of the Engine API, `1.45` as `{ major: 1, minor: 45 }`. */
export interface ApiVersion {
  readonly major: number
  readonly minor: number
}

/** The newest that is spoken, and the one of a path that names none. */
export const NEWEST_API: ApiVersion = { major: 1, minor: 51 }
const OLDEST_API: ApiVersion = { major: 1, minor: 24 }

export const versionText = ({ major, minor }: ApiVersion): string => `${major}.${minor}`

/** Whether a client speaks at least this minor version of 1: what newer versions added or changed depends on it. */
export const atLeast = (version: ApiVersion, minor: number): boolean => version.minor >= minor

/** A path without the version that it may begin with; `undefined`: the newest is meant. */
export function splitVersion(path: string): { version: string | undefined; rest: string } {
  const [whole = '', version] = /^\/v([\d.]{1,20})(?=\/|$)/.exec(path) ?? []
  return { version, rest: version === undefined ? path : path.slice(whole.length) || '/' }
}

/** Numbers between dots, as many as there are: `0`, `1.45`, `1.45.1`. */
const numbersOf = (text: string): number[] => text.split('.').map(Number)

/** The version that a client names. Throws 400 in Docker's words where it is not spoken. */
export function readVersion(text: string | undefined): ApiVersion {
  if (text === undefined) return NEWEST_API
  const client = `client version ${text}`
  if (compare(text, versionText(NEWEST_API)) > 0) {
    throw badRequest(
      `${client} is too new. Maximum supported API version is ${versionText(NEWEST_API)}`,
    )
  }
  if (compare(text, versionText(OLDEST_API)) < 0) {
    throw badRequest(
      `${client} is too old. Minimum supported API version is ${versionText(OLDEST_API)}, please upgrade your client to a newer version`,
    )
  }
  const [major = 0, minor = 0] = numbersOf(text)
  return { major, minor }
}

function compare(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  const length = Math.max(left.length, right.length)
  const differences = Array.from({ length }, (_, at) => (left[at] ?? 0) - (right[at] ?? 0))
  return differences.find((difference) => difference !== 0) ?? 0
}
