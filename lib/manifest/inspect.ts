import { LighterError } from '../core/errors.ts'
import { inParallel } from '../core/parallel.ts'
import type { Engine } from '../engine.ts'
import { escapeForHtml } from '../format/json-text.ts'
import { readDescriptor, readObject } from '../oci/descriptor.ts'
import { parseManifest } from '../oci/image.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import { closeConnections } from '../registry/transport.ts'
import { makeBudget } from './budget.ts'
import { type FetchedManifest, fetchManifest, openRepository, selectorOf } from './fetch.ts'
import { listDocument, refuseStrangers } from './list.ts'
import {
  completeMember,
  fetchMember,
  type Member,
  memberText,
  plainText,
  verboseText,
} from './member.ts'
import { parseName } from './name.ts'
import { readList, readMember } from './store.ts'
import { missingError, noLocalManifest } from './words.ts'

const PARALLEL = 5

export interface InspectOptions {
  verbose?: boolean
  insecure?: boolean
}

/** What Docker's client prints of a member of a list that is kept here. Throws `registry-not-found`, `bad-reference`. */
export function inspectMember(
  engine: Engine,
  listName: string,
  memberName: string,
  { verbose = false }: InspectOptions,
): string {
  const name = parseName(memberName)
  const member = readMember(engine.paths.data, parseName(listName), name)
  if (!member) throw noLocalManifest(name)
  // Docker's client has kept it as JSON in JSON.
  return verbose ? verboseText(memberText(member)) : escapeForHtml(plainText(member.raw))
}

/** What it prints of a list that is kept here, else of what the registry has under a name. Throws `bad-…`, `registry-…`. */
export async function inspectManifest(
  engine: Engine,
  name: string,
  { verbose = false, insecure = false }: InspectOptions,
): Promise<string> {
  const reference = parseName(name)
  const members = readList(engine.paths.data, reference)
  if (members) return verbose ? verboseList(members) : localList(reference, members)
  try {
    return await remoteText(await openRepository(engine.paths, reference, insecure), verbose)
  } finally {
    await closeConnections()
  }
}

function localList(list: Reference, members: readonly Member[]): string {
  try {
    refuseStrangers(list, members)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    const message = `failed to assemble ManifestDescriptor: ${error.message}`
    throw new LighterError(error.code, message, { cause: error })
  }
  return `${listDocument(members.map(({ descriptor }) => descriptor)).text}\n`
}

const verboseList = (members: readonly Member[]): string =>
  verboseText(`[${members.map(memberText).join(',')}]`)

async function remoteText(repository: OwnRepository, verbose: boolean): Promise<string> {
  const { reference } = repository
  try {
    const fetched = await fetchManifest(repository, selectorOf(reference))
    return await fetchedText(repository, fetched, verbose)
  } catch (error) {
    throw missingError(error, reference)
  }
}

async function fetchedText(
  repository: OwnRepository,
  fetched: FetchedManifest,
  verbose: boolean,
): Promise<string> {
  const { reference } = repository
  if (parseManifest(fetched.bytes, fetched.mediaType).kind === 'image') {
    if (!verbose) return plainText(fetched.bytes)
    return verboseText(memberText(await completeMember(repository, reference, fetched)))
  }
  const { manifests } = readObject(fetched.bytes, 'the manifest list')
  const entries = (Array.isArray(manifests) ? manifests : []).map(readDescriptor)
  if (!verbose) return `${listDocument(entries).text}\n`
  const keep = makeBudget(formatReference(reference))
  const members = await inParallel(entries, PARALLEL, async ({ digest, platform }) => {
    const member = await fetchMember(repository, { ...reference, digest })
    keep(member.raw)
    // What the list says of it counts, and not what the image does.
    return {
      ...member,
      descriptor: { ...member.descriptor, platform: platform ?? { architecture: '', os: '' } },
    }
  })
  return verboseList(members)
}
