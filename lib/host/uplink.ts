import { LighterError } from '../core/errors.ts'
import { readSetting } from '../fs/settings.ts'
import { findProgram } from './programs.ts'

/** The programs that can be the way out of networks. */
export const UPLINKS = ['slirp4netns', 'pasta'] as const
export type Uplink = (typeof UPLINKS)[number]

/** The package that has it, where that is not called like the program. */
export const uplinkPackage = (uplink: Uplink): string => (uplink === 'pasta' ? 'passt' : uplink)

/** What is wrong with a pasta that answers so to `--version`. Debian 12's is the one that does not know its version. */
export function pastaFault(answer: string): string | undefined {
  const version = answer.split('\n', 1)[0] ?? ''
  const year = Number(/20\d\d/.exec(version)?.[0] ?? 0)
  const isOld = year === 0 ? version.startsWith('pasta unknown version') : year < 2024
  if (!isOld) return undefined
  const which = year === 0 ? 'does not say its version, as that of Debian 12' : `is of ${year}`
  return `this pasta ${which}: a TCP connection that one side has half closed never ends`
}

/** What is wrong with the program that was chosen as the way out; it is asked. */
export async function findUplinkFault(uplink: Uplink): Promise<string | undefined> {
  const program = uplink === 'pasta' ? findProgram(uplink) : undefined
  if (program === undefined) return undefined
  const { spawnSync } = await import('node:child_process')
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 5000 })
  return pastaFault(stdout ?? '')
}

/** The same as a warning of `info`. */
export async function warnAboutUplink(uplink: Uplink): Promise<string[]> {
  const fault = await findUplinkFault(uplink)
  return fault === undefined ? [] : [`WARNING: The way out of networks: ${fault}`]
}

/** The one that all containers share: `$LIGHTER_UPLINK`, else `{ "uplink": "pasta" }` of config.json, else slirp4netns. Throws `host-setup`. */
export function chooseUplink(wanted: string | undefined, config: string): Uplink {
  const text = wanted || readSetting(config, 'uplink') || 'slirp4netns'
  const found = UPLINKS.find((uplink) => uplink === text)
  if (found) return found
  throw new LighterError('host-setup', `No such uplink: "${text}" (${UPLINKS.join(', ')})`)
}
