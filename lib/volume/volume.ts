import { chmodSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { recordEvent } from '../events/journal.ts'
import { ownIdentity } from '../host/process.ts'

/** volumes/<name>/volume.json */
export interface VolumeRecord {
  version: 1
  name: string
  createdAt: string
  anonymous: boolean
  labels: Record<string, string>
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Throws `bad-input` for what cannot name a volume. */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
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

export const volumeDirectory = (data: string, name: string): string => join(data, 'volumes', name)

/** Where the files of a volume are. */
export const volumeData = (data: string, name: string): string =>
  join(volumeDirectory(data, name), '_data')

/** Makes a volume that is not there yet. Returns whether it was made by this call. */
export function ensureVolume(
  data: string,
  name: string,
  anonymous: boolean,
  labels: Record<string, string> = {},
): boolean {
  checkVolumeName(name)
  const target = volumeDirectory(data, name)
  if (statSync(target, { throwIfNoEntry: false })) return false
  const { pid, startTime } = ownIdentity()
  const draft = join(data, 'tmp', `${pid}-${startTime}-volume-${name}`)
  const record: VolumeRecord = {
    version: 1,
    name,
    createdAt: new Date().toISOString(),
    anonymous,
    labels,
  }
  mkdirSync(join(data, 'volumes'), { recursive: true, mode: 0o700 })
  mkdirSync(join(draft, '_data'), { recursive: true, mode: 0o755 })
  // For every user of a container, whatever this one's umask; what is above it is closed to the host's users.
  chmodSync(join(draft, '_data'), 0o755)
  writeFileSync(join(draft, 'volume.json'), `${JSON.stringify(record)}\n`, { mode: 0o600 })
  try {
    renameSync(draft, target)
    recordVolumeEvent(data, name, 'create')
    return true
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Somebody else made it meanwhile: one volume of that name is what was wanted.
    if (isErrno(error, 'EEXIST', 'ENOTEMPTY')) return false
    throw error
  }
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
