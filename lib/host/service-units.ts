import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { lazyChildProcess } from '../core/lazy.ts'
import { readSmallText } from '../fs/read.ts'
import { replaceFile } from '../fs/replace.ts'
import { quote } from './boot-unit.ts'
import { findProgram } from './programs.ts'

/** The unit that users start and stop: systemd listens, and starts the service with its first client. */
export const SOCKET_UNIT = 'lighter.socket'
const SERVICE_UNIT = 'lighter.service'
export const UNIT_NAMES: readonly string[] = [SOCKET_UNIT, SERVICE_UNIT]

/** Whose systemd: the system's for root, else the user's own. */
export interface UnitPlace {
  uid: number
  directory: string
}

/** `configHome`: `$XDG_CONFIG_HOME`. */
export const findUnitPlace = (uid: number, configHome: string): UnitPlace => ({
  uid,
  directory: uid === 0 ? '/etc/systemd/system' : join(configHome, 'systemd', 'user'),
})

/** What the units of packages do not say. */
export interface UnitSettings {
  /** The program and what it is called with before its own words. */
  command: readonly string[]
  /** Where the containers are, when the user's shell says so. */
  environment: Readonly<Record<string, string>>
}

/** A unit as it is in the package, for this program. */
export function unitText(text: string, { command, environment }: UnitSettings): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${quote(`${name}=${value}`)}\n`,
  )
  return text.replace(
    /^ExecStart=\S+/m,
    // A function: the text of a replacement has signs of its own.
    () => `${variables.join('')}ExecStart=${command.map(quote).join(' ')}`,
  )
}

const MAX_UNIT = 64 * 1024

/** Writes the units, texts by name; returns the paths of those that were not there as they are now. */
export function writeUnits(
  { directory }: UnitPlace,
  texts: Readonly<Record<string, string>>,
): string[] {
  mkdirSync(directory, { recursive: true })
  return Object.entries(texts).flatMap(([name, text]) => {
    const path = join(directory, name)
    if (readSmallText(path, MAX_UNIT) === text) return []
    replaceFile(path, text, true, 0o644)
    return [path]
  })
}

/** Removes the units, and what enables them; returns the paths of those that were there. */
export function removeUnits({ directory }: UnitPlace): string[] {
  rmSync(join(directory, 'sockets.target.wants', SOCKET_UNIT), { force: true })
  return UNIT_NAMES.flatMap((name) => {
    const path = join(directory, name)
    if (!existsSync(path)) return []
    rmSync(path)
    return [path]
  })
}

/** The words that manage a unit here, `systemctl --user enable …`. */
export const systemctlWords = ({ uid }: UnitPlace, ...words: string[]): string[] => [
  'systemctl',
  ...(uid === 0 ? [] : ['--user']),
  ...words,
]

/** Has the manager do something; whether it did. One that is not there does nothing. */
export function askManager(place: UnitPlace, ...words: string[]): boolean {
  const program = findProgram('systemctl')
  if (!program || !isManaged(place)) return false
  const [, ...rest] = systemctlWords(place, ...words)
  const { status } = lazyChildProcess().spawnSync(program, rest, { stdio: 'ignore' })
  return status === 0
}

/** Whether a manager listens to this user. */
export function isManaged({ uid }: UnitPlace): boolean {
  if (!existsSync('/run/systemd/system')) return false
  const session = process.env.XDG_RUNTIME_DIR || `/run/user/${uid}`
  return uid === 0 || existsSync(join(session, 'systemd', 'private'))
}
