import type { KeyObject } from 'node:crypto'
import { LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { fullName, type Reference } from '../oci/reference.ts'
import { openRepository } from '../registry/registry.ts'
import { endpointsOf, type RegistryPaths } from '../registry/session.ts'
import { type Attachment, readAttachments } from './attachments.ts'
import { type IdentityRule, isIdentity } from './identity.ts'
import { readKeys } from './keys.ts'
import { readLookaside } from './lookaside.ts'
import { readKeyring, SignatureError, type Signer, verifyMessage } from './openpgp.ts'
import { parsePayload, type SignedClaim } from './payload.ts'
import type { Requirement } from './requirement.ts'
import { registryOrigin } from './scopes.ts'
import { findSignaturePlace, type SignaturePlace } from './signature-places.ts'
import { findSigningKey, keyFingerprint, readPublicKeys } from './sigstore.ts'
import { JsonError } from './strict-json.ts'

/** An image in a registry. */
export interface SignedImage {
  /** What the user asked for, with its tag or digest. */
  reference: Reference
  /** Of the manifest of the platform: signatures of an index say nothing of what is in it. */
  digest: Digest
}

/** Who vouches for an image. */
export interface Verdict {
  signers: Signer[]
  /** Milliseconds since 1970 until which it holds, as far as is known. */
  until?: number
}

/** A requirement that can be met by signatures alone. */
export type SignatureRequirement = Extract<Requirement, { type: 'signedBy' | 'sigstoreSigned' }>

export const asksForSignature = (requirement: Requirement): requirement is SignatureRequirement =>
  requirement.type === 'signedBy' || requirement.type === 'sigstoreSigned'

/** Why an image is not taken: the end of a sentence. */
export class Rejection extends Error {}

/**
 * Looks whether an image meets all requirements. Signatures are fetched when the first one asks for them. Throws `Rejection`, and
 * whatever keeps from finding out.
 */
export async function judge(
  image: SignedImage,
  requirements: readonly Requirement[],
  paths: RegistryPaths,
): Promise<Verdict> {
  const verdict: Verdict = { signers: [] }
  for (const requirement of requirements) {
    if (requirement.type === 'insecureAcceptAnything') continue
    const { signer, until } = await meet(image, requirement, paths)
    verdict.signers.push(signer)
    if (until !== undefined) verdict.until = Math.min(until, verdict.until ?? until)
  }
  return verdict
}

interface Found {
  signer: Signer
  until?: number
}

async function meet(
  image: SignedImage,
  requirement: Requirement,
  paths: RegistryPaths,
): Promise<Found> {
  if (requirement.type === 'signedBy') return await findSimple(image, requirement, paths)
  if (requirement.type === 'sigstoreSigned') return await findSigstore(image, requirement, paths)
  throw new Rejection(refusalOf(requirement))
}

/** Why a requirement that no signature can meet is not met. */
export const refusalOf = (requirement: Requirement): string =>
  requirement.type === 'unsupported'
    ? `it requires ${requirement.what}, which lighter does not support`
    : 'it accepts no such image'

async function findSimple(
  image: SignedImage,
  { keys, identity }: SignatureRequirement,
  paths: RegistryPaths,
): Promise<Found> {
  const refusals: unknown[] = []
  for (const { name, place } of await findPlaces(image, paths)) {
    try {
      const signatures = await readLookaside(place.lookaside, name.repository, image.digest)
      // Without a signature no key is needed.
      const keyring = signatures.length > 0 ? await readKeyring(readKeys(keys)) : []
      return await findGood(signatures, async (bytes) => {
        const { content, signer, until } = await verifyMessage(bytes, keyring)
        checkClaim(image, identity, parsePayload(content, 'atomic container signature'))
        return { signer, ...(until === undefined ? {} : { until }) }
      })
    } catch (error) {
      refusals.push(error)
    }
  }
  // What kept from finding out says more than that there is none.
  throw refusals.find((refusal) => !(refusal instanceof Rejection)) ?? refusals.at(-1)
}

interface NamedPlace {
  /** The image as a mirror, or its registry, calls it. */
  name: Reference
  place: SignaturePlace
}

/** Where the image may have come from, each with the place for signatures that registries.d has for it; its own place is the last. */
async function findPlaces({ reference }: SignedImage, paths: RegistryPaths): Promise<NamedPlace[]> {
  const places: NamedPlace[] = []
  for (const { registry, repository } of await endpointsOf(reference, paths)) {
    const name = { ...reference, registry, repository }
    places.push({ name, place: await findSignaturePlace(paths.config, registryOrigin(name)) })
  }
  return places
}

async function findSigstore(
  image: SignedImage,
  { keys, identity }: SignatureRequirement,
  paths: RegistryPaths,
): Promise<Found> {
  const places = await findPlaces(image, paths)
  if (!places.some(({ place }) => place.attachments)) {
    throw new Rejection(
      'it requires a sigstore signature, and use-sigstore-attachments is not set for it in registries.d',
    )
  }
  const repository = await openRepository(image.reference, paths)
  const signatures = await readAttachments(repository, image.digest)
  const publicKeys = signatures.length > 0 ? readPublicKeys(readKeys(keys)) : []
  return await findGood(signatures, async (signature) => ({
    signer: verifySigstore(signature, publicKeys, image, identity),
  }))
}

function verifySigstore(
  { payload, signature }: Attachment,
  keys: readonly KeyObject[],
  image: SignedImage,
  identity: IdentityRule,
): Signer {
  const key = findSigningKey(payload, signature, keys)
  if (!key) throw new SignatureError('none of the keys has made it')
  checkClaim(image, identity, parsePayload(payload, 'cosign container image signature'))
  const fingerprint = keyFingerprint(key)
  return { name: fingerprint, fingerprint }
}

/** One good signature is enough. Throws `Rejection`. */
async function findGood<Signature>(
  signatures: readonly Signature[],
  verify: (signature: Signature) => Promise<Found>,
): Promise<Found> {
  const reasons: string[] = []
  for (const signature of signatures) {
    try {
      return await verify(signature)
    } catch (error) {
      if (!(error instanceof SignatureError || error instanceof JsonError)) throw error
      reasons.push(error.message)
    }
  }
  const [only] = reasons
  if (only === undefined) throw new Rejection('a signature is required, but there is none')
  throw new Rejection(
    reasons.length === 1
      ? `its signature does not count: ${only}`
      : `none of its signatures counts: ${reasons.join('; ')}`,
  )
}

function checkClaim(
  { reference, digest }: SignedImage,
  identity: IdentityRule,
  claim: SignedClaim,
): void {
  if (claim.digest !== digest) throw new SignatureError('it is for another image')
  if (!isIdentity(identity, reference, claim.reference)) {
    throw new SignatureError(`it is for the name ${JSON.stringify(claim.reference)}`)
  }
}

/** The sentence for an image that is not taken. */
export const untrusted = (name: Reference, path: string, reason: string): LighterError =>
  new LighterError(
    'untrusted',
    `image ${describe(name)} is rejected by the signature policy in ${path}: ${reason}`,
  )

const describe = (reference: Reference): string =>
  `${fullName(reference)}${reference.digest ? `@${reference.digest}` : `:${reference.tag ?? 'latest'}`}`
