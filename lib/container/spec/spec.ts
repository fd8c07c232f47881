import type { NamespaceType, RuntimeSpec, SpecIdMapping } from '../../oci/runtime-spec.ts'
import type { IdMap } from '../../runtime/protocol.ts'
import type { ContainerRecord } from '../record.ts'
import { resolveCapabilities } from './capabilities.ts'
import { findHostDevices } from './devices.ts'
import { buildMounts, type MountWorld } from './mounts.ts'
import { buildProcess } from './process.ts'
import { MASKED_PATHS, parseSecurityOptions, READONLY_PATHS, resolveSeccomp } from './security.ts'

export interface SpecWorld extends MountWorld {
  idMap: IdMap
  openFiles: number | undefined
}

/** The bundle's config.json of a container. */
export function buildSpec(record: ContainerRecord, world: SpecWorld): RuntimeSpec {
  const { host, config } = record
  const security = parseSecurityOptions(host.securityOpt)
  const capabilities = resolveCapabilities(host)
  const seccomp = resolveSeccomp(security, host.privileged, capabilities)
  const masked = !host.privileged && !security.unmasked
  const ownNetwork = host.networkMode !== 'host'
  const devices = host.privileged ? findHostDevices() : []
  return {
    ociVersion: '1.0.2',
    process: buildProcess(record, {
      capabilities,
      noNewPrivileges: security.noNewPrivileges,
      openFiles: world.openFiles,
    }),
    root: { path: 'rootfs', readonly: host.readonlyRootfs },
    hostname: config.hostname,
    mounts: buildMounts(record, world),
    linux: {
      namespaces: namespaces(ownNetwork).map((type) => ({ type })),
      uidMappings: sameIds(world.idMap.uids),
      gidMappings: sameIds(world.idMap.gids),
      ...(ownNetwork ? { sysctl: networkSysctls(world.idMap) } : {}),
      ...(devices.length > 0 ? { devices } : {}),
      ...(seccomp ? { seccomp } : {}),
      ...(masked ? { maskedPaths: [...MASKED_PATHS], readonlyPaths: [...READONLY_PATHS] } : {}),
    },
  }
}

const namespaces = (ownNetwork: boolean): NamespaceType[] => [
  'user',
  'mount',
  'uts',
  'pid',
  'ipc',
  'cgroup',
  ...(ownNetwork ? (['network'] as const) : []),
]

/** The same ids as in the shared namespace; the kernel wants the map split where that one's extents split. */
const sameIds = (extents: [number, number, number][]): SpecIdMapping[] =>
  extents.map(([inside, , size]) => ({ containerID: inside, hostID: inside, size }))

/** Low ports and ping need no capability in a container; the kernel takes only groups that the namespace has. */
function networkSysctls(idMap: IdMap): Record<string, string> {
  const groups = idMap.gids.reduce((sum, [, , count]) => sum + count, 0)
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': `0 ${Math.min(groups - 1, 2147483647)}`,
  }
}
