import { LighterError } from '../core/errors.ts'
import { type Requirement, readRequirement } from './requirement.ts'
import { isJsonObject, JsonError, parseStrictJson, readMembers } from './strict-json.ts'

type Scopes = ReadonlyMap<string, readonly Requirement[]>

/** What containers-policy.json(5) describes. All requirements of a list must be met. */
export interface Policy {
  standard: readonly Requirement[]
  /** By transport and scope; the empty scope is the transport's default. */
  transports: ReadonlyMap<string, Scopes>
}

/** Reads the text of a policy.json as strictly as other readers of it do. Throws `host-setup`. */
export function parsePolicy(text: string, path: string): Policy {
  try {
    const document = readMembers(parseStrictJson(text), 'the policy', ['default'], ['transports'])
    const { transports = {} } = document
    if (!isJsonObject(transports)) throw new JsonError('"transports" must be an object')
    return {
      standard: readRequirements(document.default, '"default"'),
      transports: new Map(
        Object.entries(transports).map(([name, scopes]) => [name, readScopes(name, scopes)]),
      ),
    }
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new LighterError('host-setup', `invalid signature policy in ${path}: ${error.message}`, {
      cause: error,
    })
  }
}

function readScopes(transport: string, value: unknown): Scopes {
  if (!isJsonObject(value)) throw new JsonError(`transport "${transport}" must be an object`)
  return new Map(
    Object.entries(value).map(([scope, list]) => {
      checkScope(transport, scope)
      return [scope, readRequirements(list, `"${transport}" scope "${scope}"`)]
    }),
  )
}

const PATH_TRANSPORTS: ReadonlySet<string> = new Set(['dir', 'oci', 'oci-archive'])

/** A scope that can never fit is a mistake of whoever wrote it. */
function checkScope(transport: string, scope: string): void {
  if (scope === '') return
  if (transport === 'docker-archive') {
    throw new JsonError(`"docker-archive" has no scopes but "": "${scope}"`)
  }
  if (!PATH_TRANSPORTS.has(transport)) return
  const isClean = scope.startsWith('/') && !/\/(\/|$|\.{1,2}(\/|$))/.test(scope)
  if (!isClean) throw new JsonError(`"${transport}" scope "${scope}" is no clean absolute path`)
}

function readRequirements(value: unknown, what: string): Requirement[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new JsonError(`${what} must be a list of requirements, and not an empty one`)
  }
  return value.map((entry) => readRequirement(entry, what))
}
