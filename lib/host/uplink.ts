import { LighterError } from '../core/errors.ts'
import { readSetting } from '../fs/settings.ts'
import { findProgram } from './programs.ts'

/** The programs that can be the way out of networks. */
export const UPLINKS = ['slirp4netns', 'pasta'] as const
export type Uplink = (typeof UPLINKS)[number]

/** The package that has it, where that is not called like the program. */
export const uplinkPackage = (uplink: Uplink): string => (uplink === 'pasta' ? 'passt' : uplink)

/** What the user should know of the uplink that was chosen. Debian 12's pasta is the one that does not know its version. */
export async function warnAboutUplink(uplink: Uplink): Promise<string[]> {
  const program = uplink === 'pasta' ? findProgram(uplink) : undefined
  if (program === undefined) return []
  const { spawnSync } = await import('node:child_process')
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 5000 })
  if (!stdout?.startsWith('pasta unknown version')) return []
  return [
    'WARNING: This pasta does not say its version: in that of Debian 12 a TCP connection that one side has half closed never ends',
  ]
}

/** The one that all containers share: `$LIGHTER_UPLINK`, else `{ "uplink": "pasta" }` of config.json, else slirp4netns. Throws `host-setup`. */
export function chooseUplink(wanted: string | undefined, config: string): Uplink {
  const text = wanted || readSetting(config, 'uplink') || 'slirp4netns'
  const found = UPLINKS.find((uplink) => uplink === text)
  if (found) return found
  throw new LighterError('host-setup', `No such uplink: "${text}" (${UPLINKS.join(', ')})`)
}
