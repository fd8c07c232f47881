import { sortMembers } from '../core/labels.ts'
import { inspectLinks } from './links.ts'
import type { DeviceRequest, HostOptions } from './options.ts'
import { inspectBindings } from './published.ts'
import type { ContainerHostConfig, ContainerRecord } from './record.ts'
import type { DeviceLimit, Resources } from './resources.ts'
import { MASKED_PATHS, parseSecurityOptions, READONLY_PATHS } from './spec/security.ts'

type Document = Record<string, unknown>

/** The part of `inspect` that says how a container is run; names, order and empty values are Docker's. */
export function inspectHost(record: ContainerRecord): Document {
  const { host } = record
  const modes = host.namespaces ?? {}
  return {
    Binds: orNull(host.binds),
    ContainerIDFile: host.cidFile,
    LogConfig: {
      Type: host.logConfig?.type ?? 'json-file',
      Config: sortMembers(host.logConfig?.config ?? {}),
    },
    NetworkMode: host.networkMode,
    PortBindings: inspectBindings(host.portBindings ?? []),
    RestartPolicy: {
      Name: host.restartPolicy?.name ?? 'no',
      MaximumRetryCount: host.restartPolicy?.maximumRetryCount ?? 0,
    },
    AutoRemove: host.autoRemove,
    VolumeDriver: host.volumeDriver ?? '',
    VolumesFrom: orNull(host.volumesFrom),
    ConsoleSize: host.consoleSize,
    ...(host.annotations ? { Annotations: sortMembers(host.annotations) } : {}),
    CapAdd: orNull(host.capAdd),
    CapDrop: orNull(host.capDrop),
    CgroupnsMode: modes.cgroup ?? 'private',
    Dns: host.dns ?? [],
    DnsOptions: host.dnsOptions ?? [],
    DnsSearch: host.dnsSearch ?? [],
    ExtraHosts: orNull(host.extraHosts),
    GroupAdd: orNull(host.groupAdd),
    IpcMode: modes.ipc ?? 'private',
    Cgroup: '',
    Links: inspectLinks(record),
    OomScoreAdj: host.oomScoreAdj ?? 0,
    PidMode: modes.pid ?? '',
    Privileged: host.privileged,
    PublishAllPorts: host.publishAll ?? false,
    ReadonlyRootfs: host.readonlyRootfs,
    SecurityOpt: orNull(securityOptions(host)),
    ...(Object.keys(host.tmpfs).length > 0 ? { Tmpfs: sortMembers(host.tmpfs) } : {}),
    UTSMode: modes.uts ?? '',
    UsernsMode: modes.user ?? '',
    ShmSize: host.shmSize,
    ...(host.sysctls ? { Sysctls: sortMembers(host.sysctls) } : {}),
    Runtime: host.runtime,
    Isolation: host.isolation ?? '',
    ...inspectResources(host),
    ...(host.mounts ? { Mounts: host.mounts } : {}),
    ...closedPaths(host),
    ...(host.init ? { Init: true } : {}),
  }
}

/** Docker has SELinux look away where a container shares what is the host's. */
function securityOptions({ securityOpt, namespaces, privileged }: ContainerHostConfig): string[] {
  const isOpen = privileged || namespaces?.ipc === 'host' || namespaces?.pid === 'host'
  return isOpen ? [...securityOpt, 'label=disable'] : securityOpt
}

const orNull = (values: string[] | undefined): string[] | null =>
  values && values.length > 0 ? values : null

function closedPaths(host: ContainerHostConfig): Document {
  const { securityOpt, privileged } = host
  const { unmasked } = parseSecurityOptions(securityOpt)
  if (privileged) return { MaskedPaths: null, ReadonlyPaths: null }
  if (unmasked) return { MaskedPaths: [], ReadonlyPaths: [] }
  return {
    MaskedPaths: host.maskedPaths ?? MASKED_PATHS,
    ReadonlyPaths: host.readonlyPaths ?? READONLY_PATHS,
  }
}

function inspectResources(host: HostOptions): Document {
  const limits: Resources = host.resources ?? {}
  return {
    CpuShares: limits.cpuShares ?? 0,
    Memory: limits.memory ?? 0,
    NanoCpus: limits.nanoCpus ?? 0,
    CgroupParent: host.cgroupParent ?? '',
    BlkioWeight: limits.blkioWeight ?? 0,
    BlkioWeightDevice: (limits.blkioWeightDevice ?? []).map(({ path, value }) => ({
      Path: path,
      Weight: value,
    })),
    BlkioDeviceReadBps: rates(limits.readBps),
    BlkioDeviceWriteBps: rates(limits.writeBps),
    BlkioDeviceReadIOps: rates(limits.readIops),
    BlkioDeviceWriteIOps: rates(limits.writeIops),
    CpuPeriod: limits.cpuPeriod ?? 0,
    CpuQuota: limits.cpuQuota ?? 0,
    CpuRealtimePeriod: limits.cpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: limits.cpuRealtimeRuntime ?? 0,
    CpusetCpus: limits.cpusetCpus ?? '',
    CpusetMems: limits.cpusetMems ?? '',
    Devices: (host.devices ?? []).map((device) => ({
      PathOnHost: device.host,
      PathInContainer: device.inside,
      CgroupPermissions: device.permissions,
    })),
    DeviceCgroupRules: orNull(host.deviceRules),
    DeviceRequests: host.deviceRequests?.map(inspectRequest) ?? null,
    MemoryReservation: limits.memoryReservation ?? 0,
    MemorySwap: limits.memorySwap ?? 0,
    MemorySwappiness: limits.memorySwappiness ?? null,
    OomKillDisable: limits.oomKillDisable ?? false,
    PidsLimit: limits.pidsLimit ?? null,
    Ulimits: (host.ulimits ?? []).map(({ name, soft, hard }) => ({
      Name: name,
      Hard: hard,
      Soft: soft,
    })),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  }
}

const rates = (limits: DeviceLimit[] | undefined): Document[] =>
  (limits ?? []).map(({ path, value }) => ({ Path: path, Rate: value }))

const inspectRequest = (request: DeviceRequest): Document => ({
  Driver: request.driver,
  Count: request.count,
  DeviceIDs: request.ids,
  Capabilities: request.capabilities,
  Options: request.options,
})
