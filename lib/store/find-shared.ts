import { statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { readDirectories } from '../fs/settings.ts'

const SETTING = 'additional-image-stores'

/** What an administrator sets for all users of a machine. */
const MACHINE_CONFIG = '/etc/lighter/config.json'

/**
 * The stores of others that this user reads: what the variable `wanted` says (separated by colons, as in `PATH`), else the user's
 * config.json, else the machine's. The own one is never one of them. Throws `host-setup` for what are no absolute paths.
 */
export function findSharedStores(
  wanted: string | undefined,
  { data, config }: { data: string; config: string },
  machineConfig = MACHINE_CONFIG,
): string[] {
  const stores =
    wanted === undefined
      ? (readDirectories(config, SETTING) ?? readDirectories(machineConfig, SETTING) ?? [])
      : readVariable(wanted)
  return [...new Set(stores)].filter((store) => !isSame(store, data))
}

function readVariable(text: string): string[] {
  const stores = text.split(':').filter((path) => path !== '')
  const wrong = stores.find((path) => !isAbsolute(path))
  if (wrong === undefined) return stores
  throw new LighterError(
    'host-setup',
    `LIGHTER_IMAGE_STORES must be absolute paths, separated by colons: "${wrong}"`,
  )
}

/** What cannot be looked at is another one: it is not there when it is read, either. */
function isSame(one: string, other: string): boolean {
  try {
    const [a, b] = [statSync(one), statSync(other)]
    return a.dev === b.dev && a.ino === b.ino
  } catch {
    return one === other
  }
}
