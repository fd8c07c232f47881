import { posix } from 'node:path'
import { fullName, type Reference } from '../oci/reference.ts'
import type { Policy } from './policy.ts'
import type { Requirement } from './requirement.ts'

/** Where an image comes from, as a policy names it. */
export interface Origin {
  /** `docker`, `docker-archive`, `oci-archive`, `tarball`. */
  transport: string
  /** What a rule for this image alone, then for ever more images would be called. */
  scopes: readonly string[]
}

/** The requirements of the closest scope. */
export interface FoundRule {
  requirements: readonly Requirement[]
  /** The scope that they are said of; absent: they are the default of the transport or of all. */
  scope?: string
}

/** An image in a registry; whichever registry, its name decides. */
export const registryOrigin = (reference: Reference): Origin => ({
  transport: 'docker',
  scopes: dockerScopes(reference),
})

/** An archive. `path` is absolute and without symbolic links; `undefined`: standard input, which no scope can name. */
export function archiveOrigin(transport: string, path: string | undefined): Origin {
  if (transport !== 'oci-archive' || path === undefined) return { transport, scopes: [] }
  const scopes: string[] = []
  // The root is no scope: the transport's default is for that.
  for (let at = path; at !== '/' && at !== '.'; at = posix.dirname(at)) scopes.push(at)
  return { transport, scopes }
}

/** The rule for an image: of its closest scope, else of its transport, else of all. */
export function findRule(
  { transports, standard }: Policy,
  { transport, scopes }: Origin,
): FoundRule {
  const rules = transports.get(transport)
  for (const scope of scopes) {
    const requirements = rules?.get(scope)
    if (requirements) return { requirements, scope }
  }
  return { requirements: rules?.get('') ?? standard }
}

/** `docker.io/library/debian:12`, `docker.io/library/debian`, `docker.io/library`, `docker.io`, `*.io` */
function dockerScopes(reference: Reference): string[] {
  const name = fullName(reference)
  const suffix = reference.digest ? `@${reference.digest}` : `:${reference.tag ?? 'latest'}`
  const parts = name.split('/')
  const parents = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'))
  const host = reference.registry.replace(/:.*$/, '').split('.')
  const domains = host.slice(1).map((_, index) => `*.${host.slice(index + 1).join('.')}`)
  return [`${name}${suffix}`, ...parents, ...domains]
}
