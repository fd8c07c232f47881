import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { listNames, makeDraft } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile, spaceError, syncDirectory } from '../fs/replace.ts'
import { moveToTrash } from '../fs/trash.ts'
import { ownIdentity } from '../host/process.ts'
import { readDescriptor, readPlatform } from '../oci/descriptor.ts'
import { MAX_MANIFEST } from '../oci/image.ts'
import { formatReference, parseReference, type Reference } from '../oci/reference.ts'
import { digestOf } from '../store/blobs.ts'
import { recordName } from '../store/references.ts'
import type { Member } from './member.ts'

/** A manifest in base64, and what is told of it. */
const MAX_RECORD = 2 * MAX_MANIFEST

/** All members of a list in Docker's order; `undefined` when there is no such list. Throws `state-format`. */
export function readList(data: string, list: Reference): Member[] | undefined {
  const directory = listPath(data, list)
  if (!existsSync(directory)) return undefined
  return listNames(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readRecord(join(directory, name), list))
    .filter((member) => member !== undefined)
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

export const hasList = (data: string, list: Reference): boolean => existsSync(listPath(data, list))

/** One member by its name; `undefined` when the list or the member is not there. Throws `state-format`. */
export const readMember = (data: string, list: Reference, member: Reference): Member | undefined =>
  readRecord(memberPath(listPath(data, list), member), list)

/** Keeps a new list, all of it at once; `false` when there is one of that name. */
export function addList(data: string, list: Reference, members: readonly Member[]): boolean {
  const draft = makeDraft(data, ownIdentity())
  try {
    const made = join(draft, 'list')
    mkdirSync(made, { mode: 0o700 })
    for (const member of members) writeMember(made, list, member)
    syncDirectory(made)
    makeDirectory(join(data, 'manifests'))
    renameSync(made, listPath(data, list))
    syncDirectory(join(data, 'manifests'))
    return true
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return false
    throw spaceError(error, listPath(data, list))
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

/** Adds members to a list or replaces them, one by one; `false` when the list went meanwhile. */
export function saveMembers(data: string, list: Reference, members: readonly Member[]): boolean {
  const directory = listPath(data, list)
  try {
    for (const member of members) writeMember(directory, list, member)
    return true
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false
    throw error
  }
}

/** Forgets a list; `false` when there is none. */
export function removeList(data: string, list: Reference): boolean {
  const trash = moveToTrash(data, listPath(data, list))
  if (trash !== undefined) rmSync(trash, { recursive: true, force: true })
  return trash !== undefined
}

const listPath = (data: string, list: Reference): string =>
  join(data, 'manifests', recordName(formatReference(list)).replace(/\.json$/, ''))

const memberPath = (directory: string, member: Reference): string =>
  join(directory, recordName(formatReference(member)))

/** Docker's client lists the members by the names of its files. */
const sortKey = ({ reference }: Member): string =>
  formatReference(reference).replaceAll(':', '-').replaceAll('/', '_')

function writeMember(directory: string, list: Reference, member: Member): void {
  const record = {
    version: 1,
    list: formatReference(list),
    reference: formatReference(member.reference),
    descriptor: member.descriptor,
    raw: member.raw.toString('base64'),
  }
  replaceFile(memberPath(directory, member.reference), `${JSON.stringify(record)}\n`, true)
}

function readRecord(path: string, list: Reference): Member | undefined {
  const bytes = readSmallFile(path, MAX_RECORD)
  if (bytes === undefined) return undefined
  const member = parseRecord(bytes)
  if (member) return member
  throw new LighterError(
    'state-format',
    `the local manifest list ${formatReference(list)} is damaged: ${path} cannot be read`,
    { hint: 'manifest rm removes it; it can be created again then.' },
  )
}

function parseRecord(bytes: Buffer): Member | undefined {
  const record = parseJson(bytes) as Partial<Record<string, unknown>> | null | undefined
  if (typeof record !== 'object' || record?.version !== 1) return undefined
  if (typeof record.reference !== 'string' || typeof record.raw !== 'string') return undefined
  try {
    const descriptor = readDescriptor(record.descriptor)
    const raw = Buffer.from(record.raw, 'base64')
    if (digestOf(raw) !== descriptor.digest || raw.length !== descriptor.size) return undefined
    const platform = descriptor.platform ?? readPlatform(undefined)
    return {
      reference: parseReference(record.reference),
      descriptor: { ...descriptor, platform },
      raw,
    }
  } catch {
    return undefined
  }
}
