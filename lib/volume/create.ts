import { randomHex } from '../core/random.ts'
import type { HostPaths } from '../host/paths.ts'
import { ensureVolume, readVolume } from './volume.ts'

/** What somebody wants of a volume that nobody uses yet; empty texts: whatever is usual. */
export interface NewVolume {
  name: string
  driver: string
  labels: Record<string, string>
  options: Record<string, string>
}

/** Makes a volume; one that is there stays as it is. Returns its name. Throws `bad-input`, `conflict`, `plugin`. */
export async function createVolume(paths: HostPaths, wanted: NewVolume): Promise<string> {
  const name = wanted.name === '' ? randomHex(32) : wanted.name
  const driver = wanted.driver || 'local'
  const { labels, options } = wanted
  const wishes = { anonymous: wanted.name === '', labels, options }
  if (driver !== 'local' || readVolume(paths.data, name)?.driver !== undefined) {
    const { ensurePluginVolume } = await import('./plugin/volumes.ts')
    await ensurePluginVolume(paths, name, driver, wishes)
  }
  if (driver === 'local') ensureVolume(paths.data, name, wishes)
  return name
}
