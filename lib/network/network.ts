import { LighterError } from '../core/errors.ts'
import { findProgram } from '../host/programs.ts'
import type { NetworkPlan } from '../runtime/plan.ts'

/** `container:` has the id of the container whose network it is. */
export type NetworkMode = 'bridge' | 'none' | 'host' | 'slirp4netns' | `container:${string}`

/** The network that every container is on unless told otherwise. */
export const DEFAULT_BRIDGE = { bridge: 'lighter0', subnet: '172.17.0.0/16', gateway: '172.17.0.1' }

/** Larger ones stall on paths that lose fragments; see the reports on slirp4netns and 65520. */
const MTU = 1500

/** Name server that slirp4netns answers for. */
export const UPLINK_RESOLVER = '10.0.2.3'

/** Parses `--network`. Throws `bad-input` for a network that does not exist. */
export function parseNetwork(text: string): NetworkMode {
  if (text === '' || text === 'default') return 'bridge'
  if (text === 'bridge' || text === 'none' || text === 'host' || text === 'slirp4netns') return text
  if (isJoined(text)) return text
  throw new LighterError('no-such-network', `network ${text} not found`)
}

const isJoined = (text: string): text is `container:${string}` => text.startsWith('container:')

export interface NetworkWorld {
  uplinkProgram: string
  hostsFile: string
  hostsNames: string
}

/** How the native program connects a container. Throws `host-setup` where the host has no way out. */
export function planNetwork(mode: NetworkMode, world: NetworkWorld): NetworkPlan {
  if (mode === 'none' || mode === 'host') return { mode }
  if (isJoined(mode)) return { mode: 'container' }
  const slirp4netns = findProgram('slirp4netns')
  if (!slirp4netns) {
    throw new LighterError('host-setup', 'slirp4netns is not installed', {
      hint: "'lighter doctor' shows how to install it; --network none and --network host work without it.",
    })
  }
  return { mode, ...DEFAULT_BRIDGE, mtu: MTU, slirp4netns, ...world }
}
