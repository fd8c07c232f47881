import { LighterError } from '../core/errors.ts'
import { type Digest, digestHex } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { type Manifest, parseManifest } from '../oci/image.ts'
import { hostPlatform, platformDistance } from '../oci/platform.ts'
import { fullName, parseReference, type Reference } from '../oci/reference.ts'
import { openRepository } from '../registry/registry.ts'
import { listTags } from '../registry/tags.ts'
import { closeConnections } from '../registry/transport.ts'
import { digestOf } from '../store/blobs.ts'
import { findSigners } from '../trust/check.ts'

export interface SignedTag {
  tag: string
  /** Of the manifest for this machine, without the algorithm. */
  digest: string
  signers: { name: string; fingerprint: string }[]
}

/**
 * The tags of an image that somebody vouches for, as the policy asks for it: one tag, or all of the repository. Throws
 * `bad-reference`, `host-setup`, and `untrusted` when there is none, or the registry does not tell, in Docker's words.
 */
export async function findSignedTags(engine: Engine, text: string): Promise<SignedTag[]> {
  const wanted = parseReference(text)
  const found = wanted.digest ? [] : await findAll(engine, wanted)
  if (found.length > 0) return found
  throw new LighterError('untrusted', `no signatures or cannot access ${text}`)
}

async function findAll(engine: Engine, wanted: Reference): Promise<SignedTag[]> {
  try {
    const tags = wanted.tag === undefined ? await tagsOf(engine, wanted) : [wanted.tag]
    const found: SignedTag[] = []
    for (const tag of tags) {
      const signed = await orNothing(findOne(engine, { ...wanted, tag }))
      if (signed) found.push(signed)
    }
    return found
  } finally {
    await closeConnections()
  }
}

/** Signatures of others are tags, too. */
const ATTACHMENT = /^sha256-[0-9a-f]{64}\.(sig|att|sbom)$/

async function tagsOf({ paths }: Engine, wanted: Reference): Promise<string[]> {
  const tags = (await orNothing(listTags(wanted, paths))) ?? []
  return tags.filter((tag) => !ATTACHMENT.test(tag) && isTag(wanted, tag))
}

/** The list is somebody else's. */
const isTag = (wanted: Reference, tag: string): boolean => {
  try {
    const { tag: parsed, digest } = parseReference(`${fullName(wanted)}:${tag}`)
    return parsed === tag && digest === undefined
  } catch {
    return false
  }
}

async function findOne(
  { paths }: Engine,
  reference: Reference & { tag: string },
): Promise<SignedTag | undefined> {
  const digest = await findDigest(paths, reference)
  const { signers } = await findSigners(paths, { reference, digest })
  return signers.length > 0 ? { tag: reference.tag, digest: digestHex(digest), signers } : undefined
}

async function findDigest(
  paths: Engine['paths'],
  reference: Reference & { tag: string },
): Promise<Digest> {
  const repository = await openRepository(reference, paths)
  const { bytes, mediaType } = await repository.fetchManifest(reference.tag)
  const manifest = parseManifest(bytes, mediaType)
  return manifest.kind === 'image' ? digestOf(bytes) : chooseDigest(manifest)
}

function chooseDigest({ manifests }: Extract<Manifest, { kind: 'index' }>): Digest {
  const [best] = manifests
    .flatMap(({ digest, platform }) => {
      const distance = platform && platformDistance(hostPlatform(), platform)
      return distance === undefined ? [] : [{ digest, distance }]
    })
    .sort((a, b) => a.distance - b.distance)
  if (best) return best.digest
  throw new LighterError('platform-mismatch', 'the image is not for this platform')
}

/** What the registry or the policy says against an image is no trust data; a broken policy is worth its own words. */
async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof LighterError) || error.code === 'host-setup') throw error
    return undefined
  }
}
