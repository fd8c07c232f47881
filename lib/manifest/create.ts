import { LighterError } from '../core/errors.ts'
import { inParallel } from '../core/parallel.ts'
import type { Engine } from '../engine.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import { closeConnections } from '../registry/transport.ts'
import { openRepository } from './fetch.ts'
import { fetchMember, type Member } from './member.ts'
import { parseName } from './name.ts'
import { addList, hasList, readMember, saveMembers } from './store.ts'
import { missingError } from './words.ts'

const PARALLEL = 5

/**
 * Keeps a list of manifests that registries have. Returns its full name. All are fetched before anything is kept. Throws `conflict` for a
 * list that is there and is not to be amended, `bad-reference`, `bad-input`, `registry-…`.
 */
export async function createList(
  engine: Engine,
  listName: string,
  memberNames: readonly string[],
  { amend = false, insecure = false }: { amend?: boolean; insecure?: boolean } = {},
): Promise<string> {
  const { data } = engine.paths
  const list = parseName(listName, 'error parsing name for manifest list')
  if (!amend && hasList(data, list)) throw refuseAmending()
  const names = memberNames.map((name) => parseName(name))
  const members = await fetchMembers(engine, list, names, insecure)
  if (!keep(data, list, members, amend)) throw refuseAmending()
  return formatReference(list)
}

/** Somebody else may make or remove the list at the same time. */
function keep(data: string, list: Reference, members: readonly Member[], amend: boolean): boolean {
  if (!amend) return addList(data, list, members)
  return (
    saveMembers(data, list, members) ||
    addList(data, list, members) ||
    saveMembers(data, list, members)
  )
}

/** A member that the list has is not asked for again: it may have been annotated. */
async function fetchMembers(
  engine: Engine,
  list: Reference,
  names: readonly Reference[],
  insecure: boolean,
): Promise<Member[]> {
  const { paths } = engine
  const fetch = async (name: Reference): Promise<Member> => {
    const known = readMember(paths.data, list, name)
    if (known) return known
    const repository = await openRepository(paths, name, insecure)
    try {
      return await fetchMember(repository, name)
    } catch (error) {
      throw missingError(error, name)
    }
  }
  try {
    return await inParallel(names, PARALLEL, fetch)
  } finally {
    await closeConnections()
  }
}

const refuseAmending = (): LighterError =>
  new LighterError('conflict', 'refusing to amend an existing manifest list with no --amend flag')
