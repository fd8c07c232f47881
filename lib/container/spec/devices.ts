import { accessSync, constants, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { SpecDevice } from '../../oci/runtime-spec.ts'

/** Made or mounted by the runtime for every container. */
const OWN = new Set(
  [
    'null zero full random urandom tty console ptmx pts shm mqueue fd stdin stdout stderr core',
  ].flatMap((names) => names.split(' ')),
)

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
      devices.push({
        path,
        type: stat.isBlockDevice() ? 'b' : 'c',
        ...splitNumber(stat.rdev),
        fileMode: stat.mode & 0o777,
        uid: 0,
        gid: 0,
      })
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
