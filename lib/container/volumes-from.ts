import { LighterError } from '../core/errors.ts'
import { findContainer } from './catalog.ts'
import type { MountPoint } from './record.ts'

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** The mounts that `--volumes-from` takes over from other containers. Throws `bad-input`, `no-such-container`. */
export function borrowMounts(data: string, specs: string[]): MountPoint[] {
  const mounts = new Map<string, MountPoint>()
  for (const { name, mode } of specs.map(parseSpec)) {
    for (const mount of findContainer(data, name, { asWritten: true }).record.mounts) {
      if (mount.type === 'tmpfs') continue
      const readOnly = mount.readOnly || mode.split(',').includes('ro')
      // The other one's anonymous volume stays its own, and what the image has in it is there already.
      const shared = mount.type === 'volume' ? { anonymous: false, copy: false } : {}
      mounts.set(mount.destination, { ...mount, ...shared, readOnly, mode: '' })
    }
  }
  return [...mounts.values()]
}

/** `container[:ro|rw|z|Z]` */
function parseSpec(spec: string): { name: string; mode: string } {
  if (spec === '') throw bad('volumes-from specification cannot be an empty string')
  const colon = spec.indexOf(':')
  if (colon < 0) return { name: spec, mode: 'rw' }
  const mode = spec.slice(colon + 1)
  const options = mode.split(',')
  const access = options.filter((option) => option === 'ro' || option === 'rw')
  const labels = options.filter((option) => option === 'z' || option === 'Z')
  const known = access.length + labels.length === options.length
  if (!known || access.length > 1 || labels.length > 1) throw bad(`invalid mode: ${mode}`)
  return { name: spec.slice(0, colon), mode }
}
