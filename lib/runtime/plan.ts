import type { IdMap } from './protocol.ts'

export type RootfsDriver = 'overlay' | 'fuse-overlayfs' | 'copy'

/** A network that the container is on. */
export interface EndpointPlan {
  /** Of the network. */
  id: string
  name: string
  /** Names of links have 15 characters at most. */
  bridge: string
  subnet: string
  gateway: string
  interface: string
  /** The ones wished; absent: any. */
  address?: string
  mac?: string
  subnet6?: string
  gateway6?: string
  /** Absent: any of the range; without a range, as far from the subnet's beginning as the other, or the next free one. */
  address6?: string
  /** Where addresses are taken from; absent: the subnet. */
  range?: string
  range6?: string
  /** Addresses that no container gets. */
  reserved: string[]
  /** More addresses of the container. */
  linkLocal?: string[]
  /** Of the container on this network; empty: none are served. */
  names: string[]
  mtu: number
  internal: boolean
  /** Its containers do not reach each other. */
  isolated: boolean
  /** The container's way out. */
  route: boolean
}

/** A port of the container that the host gives away. */
export interface PortPlan {
  protocol: 'tcp' | 'udp'
  port: number
  /** Of the host; all get the same port. IPv4 first. */
  addresses: string[]
  /** The first free one of these; 0: any. */
  first: number
  last: number
}

/** What the name server is told of the container. */
export interface NamesPlan {
  /** Whether it may ask about the world outside. */
  forward: boolean
  /** Its own name servers; empty: the host's. */
  servers: string[]
  /** Other names of containers. */
  links: Record<string, string[]>
}

interface UplinkPlan {
  mtu: number
  uplink: 'slirp4netns' | 'pasta'
  /** The wrapper of the program. */
  uplinkScript: string
  uplinkProgram: string
  /** Gets a line with the address and these names; absent: none does. */
  hostsFile?: string
  hostsNames?: string
  /** Settings of links, which are there only once the container is connected. */
  sysctls?: Readonly<Record<string, string>>
}

/** Networks, names and ports of a container on bridges. */
export interface BridgePlan {
  endpoints: EndpointPlan[]
  names?: NamesPlan
  ports?: PortPlan[]
}

export type NetworkPlan =
  | { mode: 'none' | 'host' | 'container' }
  | ({ mode: 'private' } & UplinkPlan)
  | ({ mode: 'bridge' } & BridgePlan & UplinkPlan)

/** DIR/plan.json: what the monitor needs beside the OCI bundle. See docs/native-protocol.md. */
export interface Plan {
  version: 1
  id: string
  dataDir: string
  runtimeDir: string
  idMap: IdMap
  rootfs: {
    driver: RootfsDriver
    /** Layer directories, the topmost first. */
    lower: string[]
    upper: string
    work: string
    program?: string
    /** Owner on disk, owner shown, count, …; with fuse-overlayfs only. */
    uidMapping?: string
    gidMapping?: string
  }
  network: NetworkPlan
  stdio: { terminal: boolean; stdin: boolean; stdinOnce: boolean }
  log?: string
  autoRemove: boolean
  nameClaim?: string
  removePaths: string[]
  /** Volumes that, while empty, are filled with what the image has at their mount points; `files`: not in their `_data`. */
  populate: { volume: string; destination: string; files?: string }[]
  /** Sources of mounts that are given to the container's user. */
  give?: { source: string; subpath?: string }[]
  /** What volumes have mounted on their `_data`, one for all containers that use them at once. */
  fileSystems?: { volume: string; type: string; source: string; options: string[] }[]
  /** A command line that the monitor runs when the container is over. */
  atEnd?: string[]
  /** As the user or the image wrote it: `""`, `name`, `uid:gid`, …; resolved inside the root filesystem. */
  user: string
  groups: string[]
  /** Lines of passwd and group for a user that the image may not know. */
  account?: { passwd: string; group: string }
  /** The container whose namespaces are joined, and what to say when it does not run. */
  donor?: { id: string; refusal: string }
  runtime?: string
  /** Of systemd. */
  slice?: string
  cgroupParent?: string
  /** What every event of the container carries. */
  event?: {
    image: string
    attributes: Record<string, string>
    volumes: string[]
    drivers?: Record<string, string>
    /** The command line of the health check, as exec events tell it. */
    check?: string
  }
  restart?: { policy: RestartPolicyName; maximum: number }
  health?: HealthPlan
  logging?: LoggingPlan
  /** Instead of a container, one RUN of a build. */
  step?: StepPlan
  /** The container's own; every other signal of a user's is the wish for its end only without one. */
  stopSignal?: number
}

export type RestartPolicyName = 'no' | 'always' | 'unless-stopped' | 'on-failure'

/** Times in milliseconds. */
export interface HealthPlan {
  /** An exec request that stays. */
  check: string
  interval: number
  timeout: number
  startPeriod: number
  startInterval: number
  retries: number
}

export interface LoggingPlan {
  driver: 'file' | 'journald' | 'passthrough'
  /** Bytes; 0: no limit. */
  maxSize: number
  maxFiles: number
  /** Files that were rotated are compressed. */
  compress?: boolean
  /** Bytes on their way to the journal; what is more is lost. Absent: the container waits. */
  buffer?: number
  /** In every record of a file. */
  attributes?: Record<string, string>
  /** In every entry of the journal. */
  fields?: Record<string, string>
}

/** A step of a build: nobody else sees it, and it ends with the end of the caller's pipe. */
export interface StepPlan {
  /** File in which the native program says what it has to make for mounts at `targets`. */
  stubs: string
  targets: string[]
  sources: StepSource[]
}

/** Who owns a file, and its mode. */
export interface StepAccess {
  uid: number
  gid: number
  mode: number
}

/** What is made for a mount in the monitor's own namespaces, at `place`, in the order of the list. */
export type StepSource =
  | { kind: 'tree'; place: string; tree: Plan['rootfs']; writable: boolean }
  | ({
      kind: 'cache'
      place: string
      directory: string
      sharing: 'shared' | 'private' | 'locked'
      /** What a new one begins with: a directory, and the part of it. */
      fill?: string
      fillSubpath?: string
    } & StepAccess)
  /** Its bytes come over standard input; the file is `place/secret`. */
  | ({ kind: 'secret'; place?: string; variable?: string } & StepAccess)
  | ({ kind: 'socket'; place: string } & StepAccess)
