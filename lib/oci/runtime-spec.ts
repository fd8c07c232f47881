/** The part of the OCI runtime specification that this program writes (config.json of a bundle). */
export interface RuntimeSpec {
  ociVersion: string
  process: SpecProcess
  root: { path: string; readonly: boolean }
  hostname?: string
  domainname?: string
  mounts: SpecMount[]
  linux: SpecLinux
  annotations?: Record<string, string>
  hooks?: SpecHooks
}

export interface SpecProcess {
  terminal: boolean
  consoleSize?: { height: number; width: number }
  user: { uid: number; gid: number; additionalGids?: number[] }
  args: string[]
  env: string[]
  cwd: string
  capabilities: SpecCapabilities
  rlimits: SpecLimit[]
  oomScoreAdj?: number
  noNewPrivileges: boolean
}

/** A number that JSON.stringify writes as it is; the standard library's types do not know it yet. */
export interface RawNumber {
  rawJSON: string
}

declare global {
  interface JSON {
    rawJSON(text: string): RawNumber
  }
}

export interface SpecLimit {
  type: string
  soft: number | RawNumber
  hard: number | RawNumber
}

/** Inheritable and ambient stay empty: what they pass on to programs of other users is CVE-2022-27649. */
export interface SpecCapabilities {
  bounding: string[]
  effective: string[]
  permitted: string[]
}

export interface SpecMount {
  destination: string
  type: string
  source: string
  options: string[]
}

export interface SpecIdMapping {
  containerID: number
  hostID: number
  size: number
}

export interface SpecDevice {
  path: string
  type: 'c' | 'b'
  major: number
  minor: number
  fileMode: number
  uid: number
  gid: number
}

export interface SpecLinux {
  namespaces: SpecNamespace[]
  uidMappings: SpecIdMapping[]
  gidMappings: SpecIdMapping[]
  sysctl?: Record<string, string>
  devices?: SpecDevice[]
  resources?: SpecResources
  seccomp?: SpecSeccomp
  maskedPaths?: string[]
  readonlyPaths?: string[]
}

export interface SpecHook {
  path: string
  args?: string[]
  env?: string[]
  /** Seconds. */
  timeout?: number
}

export type SpecHooks = Partial<
  Record<
    'prestart' | 'createRuntime' | 'createContainer' | 'startContainer' | 'poststart' | 'poststop',
    SpecHook[]
  >
>

/** Without a path: a new one. */
export interface SpecNamespace {
  type: NamespaceType
  path?: string
}

export interface SpecDeviceRule {
  allow: boolean
  /** `a`, `b` or `c`. */
  type?: string
  /** Absent: any. */
  major?: number
  minor?: number
  access: string
}

export interface SpecDeviceLimit {
  major: number
  minor: number
  rate: number
}

export interface SpecResources {
  memory?: {
    limit?: number | undefined
    reservation?: number | undefined
    swap?: number | undefined
  }
  cpu?: {
    shares?: number | undefined
    quota?: number | undefined
    period?: number | undefined
    cpus?: string | undefined
    mems?: string | undefined
  }
  pids?: { limit?: number | undefined }
  blockIO?: {
    weight?: number | undefined
    weightDevice?: { major: number; minor: number; weight: number }[] | undefined
    throttleReadBpsDevice?: SpecDeviceLimit[] | undefined
    throttleWriteBpsDevice?: SpecDeviceLimit[] | undefined
    throttleReadIOPSDevice?: SpecDeviceLimit[] | undefined
    throttleWriteIOPSDevice?: SpecDeviceLimit[] | undefined
  }
  devices?: SpecDeviceRule[]
}

export type NamespaceType = 'user' | 'mount' | 'network' | 'uts' | 'pid' | 'ipc' | 'cgroup'

export interface SpecSeccomp {
  defaultAction: string
  defaultErrnoRet?: number
  architectures?: string[]
  flags?: string[]
  syscalls?: SpecSyscall[]
}

export interface SpecSyscall {
  names: string[]
  action: string
  errnoRet?: number
  args?: SpecSyscallArgument[]
}

export interface SpecSyscallArgument {
  index: number
  value: number
  valueTwo?: number
  op: string
}
