/** The part of the OCI runtime specification that this program writes (config.json of a bundle). */
export interface RuntimeSpec {
  ociVersion: string
  process: SpecProcess
  root: { path: string; readonly: boolean }
  hostname?: string
  domainname?: string
  mounts: SpecMount[]
  linux: SpecLinux
}

export interface SpecProcess {
  terminal: boolean
  consoleSize?: { height: number; width: number }
  user: { uid: number; gid: number; additionalGids?: number[] }
  args: string[]
  env: string[]
  cwd: string
  capabilities: SpecCapabilities
  rlimits?: { type: string; soft: number; hard: number }[]
  noNewPrivileges: boolean
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
  namespaces: { type: NamespaceType }[]
  uidMappings: SpecIdMapping[]
  gidMappings: SpecIdMapping[]
  sysctl?: Record<string, string>
  devices?: SpecDevice[]
  seccomp?: SpecSeccomp
  maskedPaths?: string[]
  readonlyPaths?: string[]
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
