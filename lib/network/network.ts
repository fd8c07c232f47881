import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { findProgram } from '../host/programs.ts'
import { UPLINKS, type Uplink, uplinkPackage } from '../host/uplink.ts'
import type { BridgePlan, NetworkPlan } from '../runtime/plan.ts'

/** The network that every container is on unless told otherwise. */
export const DEFAULT_BRIDGE = { bridge: 'lighter0', subnet: '172.17.0.0/16', gateway: '172.17.0.1' }

/** The networks that are there without anybody's doing; their ids are the same for everybody. */
export const PREDEFINED_IDS = {
  bridge: '4bab106e9b34ca3c822a8fa3c08106fa082f28b3573da7d2aa50593a2cb38f4b',
  host: '5accd5297b035a9422f48049064e4bdb28b38992a0000c87adc54762614d79bf',
  none: 'cc1c7fc0365da1714d25b04ddea899cd93c7b540ddbc7743f9e1b24ca50c74e4',
} as const

/**
 * Where a network's options name none. Every hop takes the same time for each packet, so the largest that slirp4netns and pasta
 * take carry the most. Rootless Docker's tap has it too.
 */
export const MTU = 65_520

/** Where containers on networks of the user's find each other's names, as with Docker. */
export const NAME_SERVER = '127.0.0.11'

/** Where the uplink is, in the one namespace that has all bridges: what is sent there never reaches a network with such addresses. */
export const UPLINK_SUBNET = '10.0.2.0/24'

/** Name server that the uplink answers for. */
export const UPLINK_RESOLVER = '10.0.2.3'

/**
 * What `--network` names in the first place: one of these, `container:ID`, or a network of the user's by its name or id.
 */
export type NetworkMode = string

/** Docker's other words for the default network. */
export const parseNetwork = (text: string): NetworkMode =>
  text === '' || text === 'default' ? 'bridge' : text

const BUILT_IN: ReadonlySet<string> = new Set(['bridge', 'none', 'host', ...UPLINKS])

/** Whether a mode names a network that somebody made. */
export const isOwnNetwork = (mode: NetworkMode): boolean =>
  !BUILT_IN.has(mode) && !mode.startsWith('container:')

/** Whether a mode leads to bridges: the default one, or others. */
export const isBridged = (mode: NetworkMode): boolean => mode === 'bridge' || isOwnNetwork(mode)

/** What a mode comes to with the networks of the container, which may all be others by now; `none` beside any counts for nothing. */
export function effectiveMode(
  mode: NetworkMode,
  networks: readonly { network: string }[] = [],
): NetworkMode {
  if (networks.length === 0) return mode
  return networks.every(({ network }) => network === 'none') ? 'none' : 'bridge'
}

export interface NetworkWorld {
  /** The one that all containers share. */
  uplink: Uplink
  /** The directory of the wrapper scripts. */
  uplinks: string
  /** Where the container's own line goes; absent: nowhere. */
  hosts?: { hostsFile: string; hostsNames: string }
  /** Settings of links. */
  sysctls?: Readonly<Record<string, string>>
}

/** How the native program connects a container. Throws `host-setup` where the host has no way out. */
export function planNetwork(
  mode: NetworkMode,
  bridged: BridgePlan,
  world: NetworkWorld,
): NetworkPlan {
  if (mode === 'none' || mode === 'host') return { mode }
  if (mode.startsWith('container:')) return { mode: 'container' }
  const own = UPLINKS.find((name) => name === mode)
  const uplink = planUplink(own ?? world.uplink, world)
  return own ? { mode: 'private', ...uplink } : { mode: 'bridge', ...bridged, ...uplink }
}

function planUplink(
  uplink: Uplink,
  { uplinks, hosts, sysctls = {} }: NetworkWorld,
): Omit<Extract<NetworkPlan, { mode: 'private' }>, 'mode'> {
  const uplinkProgram = findProgram(uplink)
  if (!uplinkProgram) {
    const name = uplinkPackage(uplink)
    const named = name === uplink ? '' : ` (the package ${name} has it)`
    throw new LighterError('host-setup', `${uplink} is not installed${named}`, {
      hint: "'lighter doctor' shows how to install it; --network none and --network host work without it.",
    })
  }
  const uplinkScript = join(uplinks, `${uplink}.sh`)
  const own = Object.keys(sysctls).length > 0 ? { sysctls } : {}
  return { mtu: MTU, uplink, uplinkScript, uplinkProgram, ...hosts, ...own }
}
