import { readFileSync } from 'node:fs'
import { LighterError } from '../../core/errors.ts'
import type { NamespaceType, RuntimeSpec, SpecNamespace } from '../../oci/runtime-spec.ts'
import type { IdMap } from '../../runtime/protocol.ts'
import type { DeviceEdits } from '../cdi.ts'
import type { HostOptions } from '../options.ts'
import type { ContainerRecord } from '../record.ts'
import type { SharedNamespaces } from '../sharing.ts'
import { splitSysctls } from '../sysctls.ts'
import { userMap } from '../user-map.ts'
import { resolveCapabilities } from './capabilities.ts'
import { findDevices, findHostDevices } from './devices.ts'
import { buildMounts, type MountWorld } from './mounts.ts'
import { buildProcess } from './process.ts'
import { buildResources } from './resources.ts'
import { MASKED_PATHS, parseSecurityOptions, READONLY_PATHS, resolveSeccomp } from './security.ts'

export interface SpecWorld extends MountWorld {
  idMap: IdMap
  openFiles: number | undefined
  shared: SharedNamespaces
  /** What `--gpus` and CDI names add. */
  edits: DeviceEdits | undefined
}

/** The bundle's config.json of a container. */
export function buildSpec(record: ContainerRecord, world: SpecWorld): RuntimeSpec {
  const { host, config } = record
  const security = parseSecurityOptions(host.securityOpt)
  const capabilities = resolveCapabilities(host)
  const seccomp = resolveSeccomp(security, host.privileged, capabilities)
  const masked = !host.privileged && !security.unmasked
  const ownNetwork = host.networkMode !== 'host' && !world.shared.hostNetwork
  const devices = [
    ...(host.privileged ? findHostDevices() : []),
    ...(host.devices ?? []).flatMap(findDevices),
    ...(world.edits?.devices ?? []),
  ]
  const resources = buildResources(host)
  const ids = userMap(host.namespaces?.user, world.idMap)
  const ownNames = host.namespaces?.uts !== 'host'
  const sysctls = {
    ...(ownNetwork && !world.shared.network ? networkSysctls(ids.gids) : {}),
    ...checkSysctls(record, ownNetwork),
  }
  return {
    ociVersion: '1.0.2',
    process: buildProcess(record, {
      capabilities,
      noNewPrivileges: security.noNewPrivileges,
      openFiles: world.openFiles,
      ulimits: host.ulimits,
      oomScoreAdj: host.oomScoreAdj,
      env: world.edits?.env,
    }),
    root: { path: 'rootfs', readonly: host.readonlyRootfs },
    ...(ownNames ? { hostname: config.hostname } : {}),
    ...(ownNames && config.domainname ? { domainname: config.domainname } : {}),
    mounts: [...buildMounts(record, world), ...(world.edits?.mounts ?? [])],
    linux: {
      namespaces: namespaces(record, world.shared),
      uidMappings: ids.uids,
      gidMappings: ids.gids,
      ...(Object.keys(sysctls).length > 0 ? { sysctl: sysctls } : {}),
      ...(resources ? { resources } : {}),
      ...(devices.length > 0 ? { devices } : {}),
      ...(seccomp ? { seccomp } : {}),
      ...(masked ? closedPaths(host) : {}),
    },
    ...(world.edits && Object.keys(world.edits.hooks).length > 0
      ? { hooks: world.edits.hooks }
      : {}),
    ...(host.annotations ? { annotations: host.annotations } : {}),
  }
}

const closedPaths = (host: HostOptions) => ({
  maskedPaths: [...(host.maskedPaths ?? MASKED_PATHS)],
  readonlyPaths: [...(host.readonlyPaths ?? READONLY_PATHS)],
})

/** New ones, but for what is the host's or another container's. */
function namespaces({ host }: ContainerRecord, shared: SharedNamespaces): SpecNamespace[] {
  const modes = host.namespaces ?? {}
  const list: SpecNamespace[] = []
  const add = (type: NamespaceType, path?: string): void =>
    void list.push(path === undefined ? { type } : { type, path })
  add('user', shared.user)
  add('mount')
  if (modes.uts !== 'host') add('uts')
  if (modes.pid !== 'host') add('pid', shared.pid)
  if (modes.ipc !== 'host') add('ipc', shared.ipc)
  if (modes.cgroup !== 'host') add('cgroup')
  if (host.networkMode !== 'host' && !shared.hostNetwork) add('network', shared.network)
  return list
}

/**
 * Low ports and ping need no capability in a container; the kernel takes only groups that the namespace has. TCP ends within the
 * machine, at another container or at the program of the uplink: what the host has chosen for its networks, bbr perhaps, measures
 * and paces to no purpose, at half the speed.
 */
function networkSysctls(gids: { size: number }[]): Record<string, string> {
  const groups = gids.reduce((sum, { size }) => sum + size, 0)
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': `0 ${Math.min(groups - 1, 2147483647)}`,
    ...(mayUseReno() ? { 'net.ipv4.tcp_congestion_control': 'reno' } : {}),
  }
}

/** Every kernel has it; an administrator may keep it from namespaces. */
function mayUseReno(): boolean {
  try {
    const path = '/proc/sys/net/ipv4/tcp_allowed_congestion_control'
    return readFileSync(path, 'utf8').trim().split(' ').includes('reno')
  } catch {
    return false
  }
}

/** What would be set on the host is refused, in the words of runc. */
function checkSysctls(
  record: ContainerRecord,
  ownNetwork: boolean,
): Readonly<Record<string, string>> {
  const { host } = record
  const refuse = (name: string, where: string): never => {
    throw new LighterError('bad-input', `${TASK}sysctl "${name}" ${where}`)
  }
  for (const name of Object.keys(host.sysctls ?? {})) {
    if (name.startsWith('net.')) {
      if (!ownNetwork) refuse(name, 'not allowed in host network namespace')
    } else if (host.namespaces?.ipc === 'host') {
      refuse(name, 'is not allowed in the hosts ipc namespace')
    }
  }
  return host.sysctls ? splitSysctls(record).first : {}
}

const TASK = 'failed to create task for container: '
