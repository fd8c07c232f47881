import { LighterError } from '../core/errors.ts'
import { readSetting } from '../fs/settings.ts'

/** The programs that can be the way out of networks. */
export const UPLINKS = ['slirp4netns', 'pasta'] as const
export type Uplink = (typeof UPLINKS)[number]

/** The package that has it, where that is not called like the program. */
export const uplinkPackage = (uplink: Uplink): string => (uplink === 'pasta' ? 'passt' : uplink)

/** The one that all containers share: `$LIGHTER_UPLINK`, else `{ "uplink": "pasta" }` of config.json, else slirp4netns. Throws `host-setup`. */
export function chooseUplink(wanted: string | undefined, config: string): Uplink {
  const text = wanted || readSetting(config, 'uplink') || 'slirp4netns'
  const found = UPLINKS.find((uplink) => uplink === text)
  if (found) return found
  throw new LighterError('host-setup', `No such uplink: "${text}" (${UPLINKS.join(', ')})`)
}
