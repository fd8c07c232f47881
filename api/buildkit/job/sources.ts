import { parseGitAddress, redactedRemote } from '../../../lib/build/context/git-address.ts'
import { type OpenedTree, openGit, openUrl } from '../../../lib/build/context/trees.ts'
import { aroundStep } from '../../../lib/build/export/step.ts'
import type { Engine } from '../../../lib/engine.ts'
import { withOwnConnections } from '../../../lib/registry/transport.ts'
import { grpcError } from '../grpc/status.ts'
import { askSecret } from '../session/attached.ts'
import { namesOf } from '../session/beneath.ts'
import type { BuildKitState } from '../state.ts'
import { type Definition, op } from '../wire/types.ts'
import type { Job } from './jobs.ts'

/** Something at an address, as clients define it: a file of HTTP, or a repository. */
interface Source {
  identifier: string
  attrs: Readonly<Record<string, string>>
}

/** The source that a definition consists of; `undefined`: it is of anything else. Throws `GrpcError` for what is no definition. */
function sourceIn({ def }: Definition): Source | undefined {
  const [first, ...others] = def.map((bytes) => op.decode(bytes))
  const [end, ...more] = others
  // The last operation only says which one is meant.
  if (!first?.source || first.inputs.length > 0 || more.length > 0) return undefined
  return end && end.source === null && end.inputs.length === 1 ? first.source : undefined
}

/**
 * Fetches what a client's definition names, so that it can be read: Dockerfiles and bake files from elsewhere are fetched so before a
 * build. Throws `GrpcError` for a definition of anything else, and what the other side has against it.
 */
export async function fetchSource(
  engine: Engine,
  state: BuildKitState,
  job: Job,
  definition: Definition,
  signal: AbortSignal,
): Promise<OpenedTree> {
  const source = sourceIn(definition)
  const open = source && opener(engine, state, job, source, signal)
  if (!open) {
    throw grpcError(
      'UNIMPLEMENTED',
      'definitions in LLB are not supported: only Dockerfiles are built here',
    )
  }
  return await aroundStep(`[internal] load ${open.name}`, job.progress, () =>
    withOwnConnections(signal, open.fetch),
  )
}

/** How to fetch a source; `undefined`: it is none that is at an address. */
function opener(
  engine: Engine,
  state: BuildKitState,
  job: Job,
  { identifier, attrs }: Source,
  signal: AbortSignal,
): { name: string; fetch: () => Promise<OpenedTree> } | undefined {
  if (/^https?:\/\//.test(identifier)) {
    const [name = ''] = namesOf(attrs['http.filename'] || 'file')
    const checksum = attrs['http.checksum'] || undefined
    const fetch = () => openUrl(engine, identifier, { name, checksum, signal })
    return { name: redactedRemote(identifier), fetch }
  }
  const address = identifier.startsWith('git://') ? gitAddress(identifier, attrs) : undefined
  if (!address) return undefined
  const secret = async (id: string): Promise<Buffer | undefined> => {
    const session = await state.sessions.find(job.request.session, signal)
    return await askSecret(session, id, signal)
  }
  const { SSH_AUTH_SOCK: _, ...environment } = process.env
  const options = { keepGitDirectory: false, environment, secret, signal }
  const fetch = () =>
    openGit(engine, address, { ...options, ssh: { agent: undefined, isOwn: true } })
  return { name: redactedRemote(address.remote), fetch }
}

/** The address is in the attributes; what of it is wanted stands behind the identifier's `#`. */
function gitAddress(identifier: string, attrs: Source['attrs']) {
  const [, fragment] = identifier.split('#', 2)
  const remote = attrs['git.fullurl'] || identifier.split('#', 1)[0]
  return parseGitAddress(fragment ? `${remote}#${fragment}` : `${remote}`, true)
}
