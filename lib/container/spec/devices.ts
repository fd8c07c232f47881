import {
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import type { SpecDevice } from '../../oci/runtime-spec.ts'
import type { DeviceMapping } from '../options.ts'

/** Made or mounted by the runtime for every container. */
const OWN = new Set(
  [
    'null zero full random urandom tty console ptmx pts shm mqueue fd stdin stdout stderr core',
  ].flatMap((names) => names.split(' ')),
)

/** The device of a `--device`, or all of a directory. Throws `start-failed` for what is no device, `file-missing`. */
export function findDevices({ host, inside }: DeviceMapping): SpecDevice[] {
  const status = statSync(host, { throwIfNoEntry: false })
  const bad = (reason: string): LighterError =>
    new LighterError(
      status ? 'start-failed' : 'file-missing',
      `error gathering device information while adding custom device "${host}": ${reason}`,
    )
  if (!status) throw bad('no such file or directory')
  if (status.isDirectory()) {
    return findHostDevices(realpathSync(host)).map((device) => ({
      ...device,
      path: join(inside, relative(realpathSync(host), device.path)),
    }))
  }
  if (!status.isCharacterDevice() && !status.isBlockDevice()) throw bad('not a device node')
  return [describeDevice(inside, status)]
}

const describeDevice = (path: string, status: Stats): SpecDevice => ({
  path,
  type: status.isBlockDevice() ? 'b' : 'c',
  ...splitNumber(status.rdev),
  fileMode: status.mode & 0o777,
  uid: 0,
  gid: 0,
})

/** The host's devices that this user may open for reading and writing: what `--privileged` shows of them. */
export function findHostDevices(directory = '/dev'): SpecDevice[] {
  const devices: SpecDevice[] = []
  for (const name of entriesOf(directory)) {
    const path = join(directory, name)
    if (directory === '/dev' && OWN.has(name)) continue
    const stat = lstatSync(path, { throwIfNoEntry: false })
    if (!stat) continue
    if (stat.isDirectory()) {
      devices.push(...findHostDevices(path))
    } else if ((stat.isCharacterDevice() || stat.isBlockDevice()) && isOpen(path)) {
      devices.push(describeDevice(path, stat))
    }
  }
  return devices
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    // A directory that this user may not read holds nothing that this user may open.
    return []
  }
}

function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** dev_t of Linux, as far as numbers in use go: 12 bits of major, 20 of minor. */
export const splitNumber = (rdev: number): { major: number; minor: number } => ({
  major: (rdev >>> 8) & 0xfff,
  minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00),
})
