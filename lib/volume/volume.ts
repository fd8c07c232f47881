import {
  chmodSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { recordEvent } from '../events/journal.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { spaceError } from '../fs/replace.ts'
import { ownIdentity } from '../host/process.ts'
import { checkVolumeOptions } from './options.ts'

/** volumes/<name>/volume.json */
export interface VolumeRecord {
  version: 1
  name: string
  createdAt: string
  anonymous: boolean
  labels: Record<string, string>
  /** Of the local driver: what is mounted in the place of the volume's own directory. Absent: nothing. */
  options?: Record<string, string>
  /** The plugin that keeps its files; absent: the local driver. */
  driver?: string
}

/** What a new volume is given. */
export interface VolumeWishes {
  anonymous: boolean
  labels: Record<string, string>
  options: Record<string, string>
  driver?: string
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Throws `bad-input` for what cannot name a volume. */
export function checkVolumeName(name: string): void {
  if (Buffer.byteLength(name) === 1) {
    throw new LighterError(
      'bad-input',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    )
  }
  if (NAME.test(name)) return
  throw new LighterError(
    'bad-input',
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  )
}

export const volumeDirectory = (data: string, name: string): string =>
  join(data, 'volumes', directoryName(name))

/** Plugins may give names that are none of directories. */
const directoryName = (name: string): string =>
  NAME.test(name) ? name : encodeURIComponent(name).replace(/^\./, '%2E')

/** Where the files of a volume are. */
export const volumeData = (data: string, name: string): string =>
  join(volumeDirectory(data, name), '_data')

const MAX_RECORD = 1024 * 1024

/**
 * The record of a volume; `undefined` where there is none. A power cut may tear the record of a volume whose files were synced by
 * those who wrote them: files are kept, as a volume without labels. One without files stays damaged: it may have had options.
 */
export function readVolume(data: string, name: string): VolumeRecord | undefined {
  if (name === '' || name.includes('\0') || name.length > 255) return undefined
  const path = join(volumeDirectory(data, name), 'volume.json')
  const record = parseJson(readSmallFile(path, MAX_RECORD)) as VolumeRecord | undefined
  if (record) return record.version === 1 && record.name === name ? record : undefined
  if (!hasFiles(volumeData(data, name))) return undefined
  const made = statSync(volumeDirectory(data, name), { throwIfNoEntry: false })?.birthtime
  if (!made) return undefined
  const anonymous = /^[0-9a-f]{64}$/.test(name)
  return { version: 1, name, createdAt: made.toISOString(), anonymous, labels: {} }
}

/** Whether anything is in a volume's directory, as far as its owner can tell. */
export function hasFiles(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0
  } catch (error) {
    // Closed to its owner: a container has used it.
    if (isErrno(error, 'EACCES')) return true
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false
    throw error
  }
}

/** The record of a volume. Throws `no-such-volume`. */
export function getVolume(data: string, name: string): VolumeRecord {
  const record = readVolume(data, name)
  if (record) return record
  throw new LighterError('no-such-volume', `get ${name}: no such volume`)
}

/** Makes a volume that is not there yet; one that is keeps what it has. Returns the one that is there now. */
export function ensureVolume(data: string, name: string, wishes: VolumeWishes): VolumeRecord {
  const { anonymous, labels, options, driver } = wishes
  const target = volumeDirectory(data, name)
  const known = readVolume(data, name)
  if (!known && driver === undefined) checkVolumeName(name)
  if (statSync(target, { throwIfNoEntry: false })) {
    const record = getVolume(data, name)
    markWanted(target)
    return record
  }
  if (driver === undefined) checkVolumeOptions(name, options)
  const { pid, startTime } = ownIdentity()
  const draft = join(data, 'tmp', `${pid}-${startTime}-volume-${directoryName(name)}`)
  const record: VolumeRecord = {
    version: 1,
    name,
    createdAt: new Date().toISOString(),
    anonymous,
    labels,
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(driver === undefined ? {} : { driver }),
  }
  mkdirSync(join(data, 'volumes'), { recursive: true, mode: 0o700 })
  if (driver === undefined) makeData(draft)
  else mkdirSync(draft, { recursive: true, mode: 0o700 })
  writeFileSync(join(draft, 'volume.json'), `${JSON.stringify(record)}\n`, { mode: 0o600 })
  try {
    renameSync(draft, target)
    recordVolumeEvent(data, name, 'create', driver === undefined ? {} : { driver })
    return record
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Somebody else made it meanwhile: one volume of that name is what was wanted.
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY')) return getVolume(data, name)
    throw spaceError(error, target)
  }
}

function makeData(directory: string): void {
  mkdirSync(join(directory, '_data'), { recursive: true, mode: 0o755 })
  // For every user of a container, whatever this one's umask; what is above it is closed to the host's users.
  chmodSync(join(directory, '_data'), 0o755)
}

/** Whoever makes a container with it has no record yet that a removal would see; see `wantedAt`. */
function markWanted(directory: string): void {
  const now = new Date()
  try {
    utimesSync(directory, now, now)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
}

/** When somebody last made a container with the volume, or the volume, in milliseconds since 1970. */
export function wantedAt(data: string, name: string): number {
  return statSync(volumeDirectory(data, name), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

/** Records what happened to a volume; `more` beside its driver. */
export function recordVolumeEvent(
  data: string,
  name: string,
  action: 'create' | 'mount' | 'unmount' | 'destroy' | 'prune',
  more: Readonly<Record<string, string>> = {},
): void {
  const attributes = { driver: 'local', ...more }
  recordEvent(data, { type: 'volume', action, id: name, attributes })
}
