import type { MountDocument } from './mount-document.ts'
import type { Resources } from './resources.ts'

export interface Ulimit {
  /** As in `ulimit(1)`'s long names: `nofile`. */
  name: string
  /** -1: none. */
  soft: number
  hard: number
}

export interface DeviceMapping {
  host: string
  inside: string
  /** Of `rwm`. */
  permissions: string
}

/** Devices that something else knows how to give: `--gpus`, and names of CDI specifications. */
export interface DeviceRequest {
  driver: string
  /** -1: all. */
  count: number
  ids: string[] | null
  capabilities: string[][] | null
  options: Record<string, string> | null
}

/** Which namespaces are shared with whom; absent: the container has its own. */
export interface NamespaceModes {
  /** `host` or `container:<id>`. */
  pid?: string
  /** `host`, `none`, `private`, `shareable` or `container:<id>`. */
  ipc?: string
  /** `host` */
  uts?: string
  /** `host` or `private`. */
  cgroup?: string
  /** `host`, `keep-id[:uid=N,gid=N]` or `nomap`. */
  user?: string
}

/** What few containers ask for; absent means Docker's default. */
export interface HostOptions {
  resources?: Resources
  namespaces?: NamespaceModes
  devices?: DeviceMapping[]
  /** `c 1:3 rwm` */
  deviceRules?: string[]
  deviceRequests?: DeviceRequest[]
  ulimits?: Ulimit[]
  sysctls?: Record<string, string>
  annotations?: Record<string, string>
  oomScoreAdj?: number
  shmSize?: number
  dns?: string[]
  dnsOptions?: string[]
  dnsSearch?: string[]
  /** `name:address` or `name:host-gateway`. */
  extraHosts?: string[]
  /** `container[:ro|rw]` */
  volumesFrom?: string[]
  volumeDriver?: string
  cgroupParent?: string
  publishAll?: boolean
  isolation?: string
  /** Of `/proc` and `/sys`, in place of the usual ones. */
  maskedPaths?: string[]
  readonlyPaths?: string[]
  /** What `--mount` said, in the words of Docker's API; for `inspect`. */
  mounts?: MountDocument[]
}

/** A port that is to be published, as written: an empty host port is chosen when the container starts. */
export interface PortBinding {
  /** `80/tcp` */
  port: string
  /** Empty: all addresses of the host. */
  hostIp: string
  /** A number, a range of which one is taken, or empty. */
  hostPort: string
}
