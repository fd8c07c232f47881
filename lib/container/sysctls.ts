import { effectiveMode } from '../network/network.ts'
import type { ContainerRecord } from './record.ts'

type Settings = Readonly<Record<string, string>>

/** `net.ipv4.conf.eth0.forwarding`; all, default and lo are there from the beginning. */
const OF_LINK = /^net\.(ipv4|ipv6)\.(conf|neigh)\.(?!(all|default|lo)\.)/

/**
 * The kernel settings of links that appear when the container is connected, and the others, which it starts with. Without a
 * network there is nothing to wait for.
 */
export function splitSysctls({ host, networks }: Pick<ContainerRecord, 'host' | 'networks'>): {
  first: Settings
  connected: Settings
} {
  const all = host.sysctls ?? {}
  const mode = effectiveMode(host.networkMode, networks)
  if (mode === 'none' || mode === 'host' || mode.startsWith('container:')) {
    return { first: all, connected: {} }
  }
  const pick = (ofLink: boolean): Settings =>
    Object.fromEntries(Object.entries(all).filter(([name]) => OF_LINK.test(name) === ofLink))
  return { first: pick(false), connected: pick(true) }
}

const SYSCTLS = new Set(
  'kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni kernel.shm_rmid_forced'.split(
    ' ',
  ),
)

/** What is wrong with `--sysctl`: only what belongs to a container's own namespaces may be set. */
export function checkSysctl(text: string): string | undefined {
  const equals = text.indexOf('=')
  const name = text.slice(0, equals)
  const known = equals > 0 && (SYSCTLS.has(name) || /^(net|fs\.mqueue)\./.test(name))
  return known ? undefined : `sysctl '${text}' is not allowed`
}
