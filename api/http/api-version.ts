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

/** A path without the version that it may begin with. */
export function splitVersion(path: string): { version: ApiVersion; rest: string } {
  const [whole = '', major, minor] = /^\/v(\d{1,4})\.(\d{1,4})(?=\/|$)/.exec(path) ?? []
  if (major === undefined) return { version: NEWEST_API, rest: path }
  return {
    version: { major: Number(major), minor: Number(minor) },
    rest: path.slice(whole.length) || '/',
  }
}

/** What is wrong with a client's version, in Docker's words; `undefined` when nothing is. */
export function refuseVersion(version: ApiVersion): string | undefined {
  const client = `client version ${versionText(version)}`
  if (compare(version, NEWEST_API) > 0) {
    return `${client} is too new. Maximum supported API version is ${versionText(NEWEST_API)}`
  }
  if (compare(version, OLDEST_API) < 0) {
    return `${client} is too old. Minimum supported API version is ${versionText(OLDEST_API)}, please upgrade your client to a newer version`
  }
  return undefined
}

const compare = (a: ApiVersion, b: ApiVersion): number => a.major - b.major || a.minor - b.minor
