import { build, compatible } from '../core/build-info.ts'

/** What there is to say about the engine as a whole; sizes in bytes. */
export interface InfoFacts {
  id: string
  running: number
  paused: number
  stopped: number
  images: number
  driver: string
  driverStatus: [string, string][]
  controllers: readonly string[]
  cgroupDriver: string
  cgroupVersion: string
  kernel: string
  system: string
  architecture: string
  cpus: number
  memory: number
  root: string
  name: string
  runtimes: readonly string[]
  volumeDrivers: readonly string[]
  rootless: boolean
  debug: boolean
  warnings: readonly string[]
}

/** The members of Docker's `GET /info` in their order, as far as there is something to say here. */
export function infoDocument(facts: InfoFacts): Record<string, unknown> {
  const has = (controller: string): boolean => facts.controllers.includes(controller)
  return {
    ID: facts.id,
    Containers: facts.running + facts.paused + facts.stopped,
    ContainersRunning: facts.running,
    ContainersPaused: facts.paused,
    ContainersStopped: facts.stopped,
    Images: facts.images,
    Driver: facts.driver,
    DriverStatus: facts.driverStatus,
    Plugins: {
      Volume: facts.volumeDrivers,
      Network: ['bridge', 'host', 'null', 'pasta', 'slirp4netns'],
      Authorization: null,
      Log: ['journald', 'json-file', 'local', 'none', 'passthrough'],
    },
    MemoryLimit: has('memory'),
    SwapLimit: has('memory'),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    IPv4Forwarding: true,
    BridgeNfIptables: false,
    BridgeNfIp6tables: false,
    Debug: facts.debug,
    NFd: 0,
    OomKillDisable: false,
    NGoroutines: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: facts.cgroupDriver,
    CgroupVersion: facts.cgroupVersion,
    NEventsListener: 0,
    KernelVersion: facts.kernel,
    OperatingSystem: facts.system,
    OSVersion: /(\d[\d.]*)/.exec(facts.system)?.[1] ?? '',
    OSType: 'linux',
    Architecture: facts.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: ['127.0.0.0/8'],
      IndexConfigs: {
        'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true },
      },
      Mirrors: null,
    },
    NCPU: facts.cpus,
    MemTotal: facts.memory,
    GenericResources: null,
    DockerRootDir: facts.root,
    HttpProxy: '',
    HttpsProxy: '',
    NoProxy: '',
    Name: facts.name,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: compatible.version,
    ...runtimeMembers(facts),
  }
}

function runtimeMembers({ runtimes, rootless, warnings }: InfoFacts): Record<string, unknown> {
  return {
    Runtimes: Object.fromEntries(runtimes.map((name) => [name, { path: name }])),
    DefaultRuntime: 'lighter-native',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: false,
    Isolation: '',
    InitBinary: 'lighter-native',
    ContainerdCommit: { ID: '', Expected: '' },
    RuncCommit: { ID: '', Expected: '' },
    InitCommit: { ID: build.commit, Expected: build.commit },
    SecurityOptions: [
      'name=seccomp,profile=builtin',
      ...(rootless ? ['name=rootless'] : []),
      'name=cgroupns',
    ],
    CDISpecDirs: ['/etc/cdi', '/var/run/cdi'],
    Warnings: warnings.length > 0 ? warnings : null,
  }
}
