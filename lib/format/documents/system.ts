import { readTypes } from '../go-types.ts'
import type { GoType } from '../values.ts'

const SYSTEM_TYPES = `
system.versionInfo
  Client system.clientVersion
  Server *types.Version
system.clientVersion
  Platform *system.platformInfo
  Version string
  APIVersion:ApiVersion string
  DefaultAPIVersion string
  GitCommit string
  GoVersion string
  Os string
  Arch string
  BuildTime string
  Context string
system.platformInfo
  Name string
types.Version
  Platform system.platformInfo
  Components []types.ComponentVersion
  Version string
  APIVersion:ApiVersion string
  MinAPIVersion string
  GitCommit string
  GoVersion string
  Os string
  Arch string
  KernelVersion string
  Experimental bool
  BuildTime string
types.ComponentVersion
  Name string
  Version string
  Details map[string]string
system.dockerInfo
  *system.Info
  ServerErrors []string
  UserName string
  ClientInfo *system.clientInfo
  ClientErrors []string
system.clientInfo
  Debug bool
  system.clientVersion
  Plugins []manager.Plugin
  Warnings []string
manager.Plugin
  SchemaVersion string
  Vendor string
  Version string
  ShortDescription string
  URL string
  Name string
  Path string
  ShadowedPaths []string
system.Info
  ID string
  Containers int
  ContainersRunning int
  ContainersPaused int
  ContainersStopped int
  Images int
  Driver string
  DriverStatus [][2]string
  SystemStatus [][2]string
  Plugins system.PluginsInfo
  MemoryLimit bool
  SwapLimit bool
  KernelMemory bool
  KernelMemoryTCP bool
  CPUCfsPeriod:CpuCfsPeriod bool
  CPUCfsQuota:CpuCfsQuota bool
  CPUShares bool
  CPUSet bool
  PidsLimit bool
  IPv4Forwarding bool
  BridgeNfIptables bool
  BridgeNfIP6tables:BridgeNfIp6tables bool
  Debug bool
  NFd int
  OomKillDisable bool
  NGoroutines int
  SystemTime string
  LoggingDriver string
  CgroupDriver string
  CgroupVersion string
  NEventsListener int
  KernelVersion string
  OperatingSystem string
  OSVersion string
  OSType string
  Architecture string
  IndexServerAddress string
  RegistryConfig *registry.ServiceConfig
  NCPU int
  MemTotal int64
  GenericResources []swarm.GenericResource
  DockerRootDir string
  HTTPProxy:HttpProxy string
  HTTPSProxy:HttpsProxy string
  NoProxy string
  Name string
  Labels []string
  ExperimentalBuild bool
  ServerVersion string
  Runtimes map[string]system.RuntimeWithStatus
  DefaultRuntime string
  Swarm swarm.Info
  LiveRestoreEnabled bool
  Isolation container.Isolation
  InitBinary string
  ContainerdCommit system.Commit
  RuncCommit system.Commit
  InitCommit system.Commit
  SecurityOptions []string
  ProductLicense string
  DefaultAddressPools []system.NetworkAddressPool
  CDISpecDirs []string
  Warnings []string
system.PluginsInfo
  Volume []string
  Network []string
  Authorization []string
  Log []string
registry.ServiceConfig
  InsecureRegistryCIDRs []string
  IndexConfigs map[string]*registry.IndexInfo
  Mirrors []string
registry.IndexInfo
  Name string
  Mirrors []string
  Secure bool
  Official bool
swarm.GenericResource
system.RuntimeWithStatus
  Path:path string
  Args:runtimeArgs []string
  Status:status map[string]string
swarm.Info
  NodeID string
  NodeAddr string
  LocalNodeState string
  ControlAvailable bool
  Error string
  RemoteManagers []swarm.Peer
swarm.Peer
  NodeID string
  Addr string
system.Commit
  ID string
  Expected string
system.NetworkAddressPool
  Base string
  Size int
`

/** What Docker's client makes of the documents of its `version` and `info`. */
const find = readTypes(SYSTEM_TYPES)

export const versionType = (): GoType => find('system.versionInfo')
export const infoType = (): GoType => find('system.dockerInfo')
