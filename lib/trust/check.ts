import { existsSync, realpathSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import { fullName, type Reference } from '../oci/reference.ts'
import type { RegistryPaths } from '../registry/session.ts'
import { withoutVainTag } from './identity.ts'
import { isRemembered, remember, rulesKey } from './memory.ts'
import { parsePolicy } from './policy.ts'
import { findPolicyFile, type PolicyFile } from './policy-file.ts'
import type { Requirement } from './requirement.ts'
import { archiveOrigin, findRule, registryOrigin } from './scopes.ts'
import {
  asksForSignature,
  judge,
  Rejection,
  refusalOf,
  type SignedImage,
  untrusted,
  type Verdict,
} from './verdict.ts'

export interface TrustPaths extends RegistryPaths {
  /** The store: what was verified is remembered there. */
  data: string
}

export interface CheckOptions {
  /** Content trust: not even a policy that accepts everything is enough, somebody must have signed. */
  signed: boolean
  /** Whether what was verified before counts. */
  remembered: boolean
}

/** What the policy asks of an image. */
interface Rules {
  file: PolicyFile
  requirements: readonly Requirement[]
  isSigned: boolean
}

/**
 * Refuses an image of that name before anybody is asked for it, where no signature could help. Returns what is left to check;
 * `undefined`: nothing is. Throws `untrusted`, `host-setup` for a policy that cannot be read.
 */
export function checkName(
  { config }: Pick<TrustPaths, 'config'>,
  given: Reference,
  signed: boolean,
): Rules | undefined {
  const file = findPolicyFile(config)
  const reference = withoutVainTag(given)
  const requirements = file
    ? findRule(parsePolicy(file.text, file.path), registryOrigin(reference)).requirements
    : []
  const hopeless = requirements.find(isHopeless)
  if (file && hopeless) throw untrusted(reference, file.path, refusalOf(hopeless))
  const isSigned = requirements.some(asksForSignature)
  // What is named by its digest needs nobody to vouch for it: Docker's rule.
  if (signed && !isSigned && reference.digest === undefined) throw unsigned(reference)
  return file && { file, requirements, isSigned }
}

const isHopeless = ({ type }: Requirement): boolean => type === 'reject' || type === 'unsupported'

/**
 * Refuses an image from a registry that the signature policy does not let in. Throws `untrusted`, `host-setup` for a policy or keys
 * that cannot be read, and what keeps from fetching signatures.
 */
export async function checkImage(
  paths: TrustPaths,
  given: SignedImage,
  { signed, remembered }: CheckOptions,
): Promise<void> {
  const found = checkName(paths, given.reference, signed)
  if (!found?.isSigned) return
  const image = { ...given, reference: withoutVainTag(given.reference) }
  const rules = rulesKey(found.requirements)
  if (remembered && isRemembered(paths.data, image, rules)) return
  const { until } = await verdictOf(found.file, image, () =>
    judge(image, found.requirements, paths),
  )
  remember(paths.data, image, rules, until)
}

/** Docker's words for an image that its trust server does not know. */
function unsigned(reference: Reference): LighterError {
  const name = fullName(reference)
  return new LighterError(
    'untrusted',
    `Error: remote trust data does not exist for ${name}: no signature policy requires a signature of ${name}`,
    { hint: 'Content trust is on (DOCKER_CONTENT_TRUST); see policy.json in the README.' },
  )
}

async function verdictOf(
  { path }: PolicyFile,
  { reference }: SignedImage,
  work: () => Promise<Verdict>,
): Promise<Verdict> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Rejection ? untrusted(reference, path, error.message) : error
  }
}

/** Who vouches for an image, for all to see; nobody, where no signature is asked for. Throws as `checkImage` does. */
export async function findSigners(paths: TrustPaths, image: SignedImage): Promise<Verdict> {
  const found = checkName(paths, image.reference, false)
  if (!found?.isSigned) return { signers: [] }
  return await verdictOf(found.file, image, () => judge(image, found.requirements, paths))
}

/** Throws `host-setup` for a policy that cannot be read, whether or not it has a rule for the image. */
export function checkPolicy({ config }: Pick<TrustPaths, 'config'>): void {
  const file = findPolicyFile(config)
  if (file) parsePolicy(file.text, file.path)
}

/**
 * Refuses a name that the policy rejects by a rule for that name, wherever its image came from: it was built, loaded or named here.
 * Throws `untrusted`, `host-setup`.
 */
export function checkLocalName({ config }: TrustPaths, reference: Reference): void {
  const file = findPolicyFile(config)
  if (!file) return
  const name = withoutVainTag(reference)
  const { requirements, scope } = findRule(parsePolicy(file.text, file.path), registryOrigin(name))
  const refused = requirements.find(({ type }) => type === 'reject')
  if (scope !== undefined && refused) throw untrusted(name, file.path, refusalOf(refused))
}

/** What an archive is, as policies name it. */
export type ArchiveKind = 'docker-archive' | 'oci-archive' | 'tarball'

/**
 * Refuses an archive that the policy does not let in; nobody can have signed one. `path`: its file, if it is one. Throws `untrusted`,
 * `host-setup`.
 */
export function checkArchiveTrust(
  { config }: Pick<TrustPaths, 'config'>,
  kinds: readonly ArchiveKind[],
  path: string | undefined,
): void {
  const file = findPolicyFile(config)
  if (!file) return
  const policy = parsePolicy(file.text, file.path)
  // One that is not there is told by whoever opens it.
  const resolved = path !== undefined && existsSync(path) ? realpathSync(path) : undefined
  for (const kind of kinds) {
    const { requirements } = findRule(policy, archiveOrigin(kind, resolved))
    const refused = requirements.find(({ type }) => type !== 'insecureAcceptAnything')
    if (!refused) continue
    const reason = asksForSignature(refused)
      ? 'a signature is required, and archives have none'
      : refusalOf(refused)
    throw new LighterError(
      'untrusted',
      `the ${kind} ${path ?? 'from standard input'} is rejected by the signature policy in ${file.path}: ${reason}`,
    )
  }
}
