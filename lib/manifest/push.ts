import { LighterError } from '../core/errors.ts'
import { inParallel } from '../core/parallel.ts'
import type { Engine } from '../engine.ts'
import type { HostPaths } from '../host/paths.ts'
import { isForeign } from '../oci/descriptor.ts'
import { type Descriptor, parseManifest } from '../oci/image.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import { type OwnRepository, openOwnRepository } from '../registry/own-repository.ts'
import { closeConnections } from '../registry/transport.ts'
import { openPushTarget, type PushTarget } from '../registry/upload.ts'
import { digestOf } from '../store/blobs.ts'
import { listDocument, refuseStrangers, refuseUnknownPlatforms } from './list.ts'
import type { Member } from './member.ts'
import { parseName } from './name.ts'
import { readList, removeList } from './store.ts'
import { transferBlob } from './transfer.ts'
import { noLocalManifest, pingError } from './words.ts'

const PARALLEL = 5

export interface PushOptions {
  insecure?: boolean
  /** Forget the list once it is in the registry. */
  purge?: boolean
  /** Called with each line that Docker's client prints. */
  print?: (line: string) => void
}

/**
 * Gives a list that is kept here to its registry: what the target's repository does not have of its members first, the list last.
 * Throws `registry-…`, `bad-input`, `bad-reference`, `digest-mismatch`.
 */
export async function pushList(
  engine: Engine,
  name: string,
  { insecure = false, purge = false, print = () => undefined }: PushOptions = {},
): Promise<void> {
  const { paths } = engine
  const list = parseName(name)
  const members = readList(paths.data, list)
  if (!members || members.length === 0) throw noLocalManifest(list)
  refuseUnknownPlatforms(members)
  refuseStrangers(list, members)
  try {
    const target = await openPushTarget(list, paths, insecure)
    const strangers = members.filter(({ reference }) => reference.repository !== list.repository)
    await bringBlobs(paths, target, list, strangers, insecure)
    for (const member of strangers) print(await bringManifest(target, list, member))
    const { mediaType, text } = listDocument(members.map(({ descriptor }) => descriptor))
    const bytes = Buffer.from(text)
    const digest = digestOf(bytes)
    await put(target, list, list.tag ?? digest, mediaType, bytes)
    print(digest)
  } catch (error) {
    throw pingError(error)
  } finally {
    await closeConnections()
  }
  if (purge) removeList(paths.data, list)
}

/** Makes every blob of these members be in the list's repository. */
async function bringBlobs(
  paths: HostPaths,
  target: PushTarget,
  list: Reference,
  members: readonly Member[],
  insecure: boolean,
): Promise<void> {
  const blobs = new Map<string, { blob: Descriptor; member: Reference }>()
  for (const { reference, raw, descriptor } of members) {
    const manifest = parseManifest(raw, descriptor.mediaType)
    if (manifest.kind === 'index') continue
    for (const blob of [manifest.config, ...manifest.layers]) {
      if (!isForeign(blob)) blobs.set(blob.digest, { blob, member: reference })
    }
  }
  const open = sourceOpener(paths, insecure)
  await inParallel([...blobs.values()], PARALLEL, async ({ blob, member }) => {
    try {
      const source = () => open(member)
      await transferBlob({ from: member, source, target, sameRegistry: true }, blob)
    } catch (error) {
      const what = `failed to mount blob ${member.repository}@${blob.digest}`
      throw describe(error, `${what} to ${formatReference(list)}`)
    }
  })
}

/** Opens each repository once. */
function sourceOpener(paths: HostPaths, insecure: boolean) {
  const opened = new Map<string, Promise<OwnRepository>>()
  return (reference: Reference): Promise<OwnRepository> => {
    const known = opened.get(reference.repository)
    const repository = known ?? openOwnRepository(reference, paths, insecure)
    opened.set(reference.repository, repository)
    return repository
  }
}

/** Puts a member's manifest beside the list; returns what is said of it. */
async function bringManifest(
  target: PushTarget,
  list: Reference,
  { raw, descriptor: { mediaType, digest } }: Member,
): Promise<string> {
  const reference = { ...list, tag: undefined, digest }
  await put(target, reference, digest, mediaType, raw)
  return `Pushed ref ${formatReference(reference)} with digest: ${digest}`
}

async function put(
  target: PushTarget,
  reference: Reference,
  selector: string,
  mediaType: string,
  bytes: Buffer,
): Promise<void> {
  try {
    await target.putManifest(selector, mediaType, bytes)
  } catch (error) {
    throw describe(error, `failed to put manifest ${formatReference(reference)}`)
  }
}

/** A failure with what was being done in front; that nobody is there needs no more words. */
function describe(error: unknown, what: string): unknown {
  if (!(error instanceof LighterError) || pingError(error) !== error) return error
  return new LighterError(error.code, `${what}: ${error.message}`, { cause: error })
}
