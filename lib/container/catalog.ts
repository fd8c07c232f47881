import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallText } from '../fs/read.ts'
import { findNameOwner } from './names.ts'
import type { ContainerRecord } from './record.ts'
import { type ContainerState, findState, readUnended } from './state.ts'

export interface Container {
  record: ContainerRecord
  /** Its directory. */
  directory: string
}

export interface ContainerWithState extends Container {
  state: ContainerState
}

const MAX_RECORD = 16 * 1024 * 1024

export const containerDirectory = (data: string, id: string): string => `${data}/containers/${id}`

/** Every container, the newest first. What vanishes meanwhile is left out, and so is what is damaged: that is told. */
export function listContainers(
  data: string,
  onDamaged?: (error: LighterError) => void,
): ContainerWithState[] {
  return listNames(join(data, 'containers'))
    .flatMap((id) => {
      const container = readContainer(data, id)
      if (container) return withState(container) ?? []
      const error = onDamaged && damagedContainer(data, id)
      if (error) onDamaged(error)
      return []
    })
    .sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1))
}

/**
 * The containers that are up, the newest first, and those of `--rm` that are not but should be gone. Of the others, of which there
 * may be thousands, the state is read and nothing more.
 */
export function listUnended(data: string): ContainerWithState[] {
  return listNames(join(data, 'containers'))
    .flatMap((id) => {
      const state = readUnended(containerDirectory(data, id))
      const container = state && readContainer(data, id)
      return container ? [{ ...container, state }] : []
    })
    .sort((a, b) => (a.record.createdAt < b.record.createdAt ? 1 : -1))
}

/**
 * Finds a container by name, id or the unique beginning of an id. `asWritten`: a missing one is named with the slashes before
 * it, where Docker's client does not send the name in an address. Throws `no-such-container`, `damaged-container`.
 */
export function findContainer(
  data: string,
  text: string,
  { asWritten = false }: { asWritten?: boolean } = {},
): Container {
  const id = findId(data, text)
  const container = id === undefined ? undefined : readContainer(data, id)
  if (container) return container
  const damaged = id === undefined ? undefined : damagedContainer(data, id)
  throw damaged ?? missing(asWritten ? text : nameInAddress(text))
}

/** The state of a container that was found a moment ago as `text`. Throws `no-such-container` when it is gone since. */
export function stateOf({ directory }: Container, text: string): ContainerState {
  const state = findState(directory)
  if (!state) throw missing(nameInAddress(text))
  return state
}

/** Docker's error for a container that is not there. */
export const missing = (name: string): LighterError =>
  new LighterError('no-such-container', `No such container: ${name}`)

/** Without the slashes before it: Docker's client sends most names in an address, which loses them. */
export const nameInAddress = (text: string): string => text.replace(/^\/+/, '')

/** Finds a container as `findContainer` does, with its state: one that goes meanwhile is missing. */
export function findWithState(data: string, text: string): ContainerWithState {
  const found = withState(findContainer(data, text))
  if (!found) throw missing(nameInAddress(text))
  return found
}

/** A container with its state; `undefined` when it went after its record was read. */
export function withState(container: Container): ContainerWithState | undefined {
  const state = findState(container.directory)
  return state && { ...container, state }
}

/** The error for a container whose record is there but cannot be read. */
function damagedContainer(data: string, id: string): LighterError | undefined {
  const record = join(containerDirectory(data, id), 'container.json')
  if (!existsSync(record)) return undefined
  const mend = `'rm -f ${id.slice(0, 12)}' removes it`
  return new LighterError('damaged-container', `container ${id} is damaged, see ${record}: ${mend}`)
}

/** The id that a name, an id or the unique beginning of one stands for; whether the container is whole is not asked. */
export function findId(data: string, text: string): string | undefined {
  const name = nameInAddress(text)
  if (/^[0-9a-f]{64}$/.test(text)) return text
  const owner = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) ? findNameOwner(data, name) : undefined
  if (owner) return owner
  if (!/^[0-9a-f]{1,63}$/.test(text)) return undefined
  const matches = listNames(join(data, 'containers')).filter((id) => id.startsWith(text))
  if (matches.length > 1) {
    throw new LighterError('bad-input', `multiple IDs found with provided prefix: ${text}`)
  }
  return matches[0]
}

/** Reads one container's record; `undefined` when it is not there, or is none that this program wrote. */
export function readContainer(data: string, id: string): Container | undefined {
  const directory = containerDirectory(data, id)
  const record = readRecord(`${directory}/container.json`)
  return record && { record, directory }
}

/** Reads a record file; `undefined` as for `readContainer`. */
export function readRecord(path: string): ContainerRecord | undefined {
  try {
    const record = parseJson(readSmallText(path, MAX_RECORD)) as ContainerRecord | undefined
    return record?.version === 1 ? record : undefined
  } catch (error) {
    // Larger than any record, or a directory. What may not be read may be whole.
    if (isErrno(error, 'EISDIR')) return undefined
    if (error instanceof LighterError && error.code === 'state-format') return undefined
    throw error
  }
}
