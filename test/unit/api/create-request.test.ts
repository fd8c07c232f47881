import { expect, test } from 'vitest'
import { readCreateRequest } from '../../../api/containers/create/request.ts'

const read = (document: object) => readCreateRequest(document as Record<string, unknown>, '')
const host = (HostConfig: object) => read({ Image: 'i', HostConfig })

test('an image alone', () => {
  expect(read({ Image: 'i' })).toEqual({
    image: 'i',
    command: [],
    name: undefined,
    entrypoint: undefined,
    env: [],
    labels: {},
    user: undefined,
    groups: [],
    workingDir: undefined,
    hostname: undefined,
    domainname: undefined,
    tty: false,
    openStdin: false,
    stdinOnce: false,
    attach: { stdin: false, stdout: false, stderr: false },
    autoRemove: false,
    startsAtOnce: false,
    binds: [],
    mounts: [],
    tmpfs: {},
    connections: { mode: 'bridge', exposed: [], published: [] },
    options: {},
    init: false,
    readOnly: false,
    privileged: false,
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    stopSignal: undefined,
    stopTimeout: undefined,
    runtime: undefined,
    cidFile: undefined,
    noHealthcheck: false,
    consoleSize: [0, 0],
  })
})

test('what it runs', () => {
  const document = {
    Image: 'i',
    Cmd: 'one text',
    Entrypoint: [''],
    Env: ['A=1', 'B'],
    Labels: { a: 'b' },
    User: 'app',
    WorkingDir: '/w',
    Hostname: 'h',
    Domainname: 'd',
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: false,
    StopSignal: 'USR1',
    StopTimeout: 3,
    Shell: ['/bin/ash', '-c'],
    Volumes: { '/v': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9, Timeout: 0, Retries: 2 },
    Unknown: { more: 1 },
  }
  expect(readCreateRequest(document, 'x')).toMatchObject({
    name: 'x',
    command: ['one text'],
    entrypoint: [''],
    env: ['A=1', 'B'],
    labels: { a: 'b' },
    user: 'app',
    workingDir: '/w',
    hostname: 'h',
    domainname: 'd',
    tty: true,
    openStdin: true,
    stdinOnce: true,
    attach: { stdin: true, stdout: true, stderr: false },
    stopSignal: 'USR1',
    stopTimeout: 3,
    shell: ['/bin/ash', '-c'],
    binds: ['/v'],
    health: { test: ['CMD', 'true'], interval: 1e9, retries: 2 },
  })
})

test('how it runs', () => {
  const request = host({
    Binds: ['v:/v', 'v:/v', '/t:/t:ro'],
    Tmpfs: { '/r': 'size=1m' },
    AutoRemove: true,
    Init: true,
    ReadonlyRootfs: true,
    Privileged: true,
    CapAdd: ['A'],
    CapDrop: ['B'],
    GroupAdd: ['5'],
    SecurityOpt: ['no-new-privileges'],
    ContainerIDFile: '/c',
    ConsoleSize: [24, 80],
    LogConfig: { Type: '', Config: { 'max-size': '1m' } },
  })
  expect(request).toMatchObject({
    binds: ['v:/v', '/t:/t:ro'],
    tmpfs: { '/r': 'size=1m' },
    autoRemove: true,
    init: true,
    readOnly: true,
    privileged: true,
    capAdd: ['A'],
    capDrop: ['B'],
    groups: ['5'],
    securityOpt: ['no-new-privileges'],
    cidFile: '/c',
    consoleSize: [24, 80],
    log: { type: 'json-file', config: { 'max-size': '1m' } },
  })
  expect(host({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } }).restart).toEqual({
    name: 'on-failure',
    maximumRetryCount: 2,
  })
  expect(host({ RestartPolicy: { Name: 'no' } }).restart).toBeUndefined()
  expect(host({ RestartPolicy: { Name: '' } }).restart).toBeUndefined()
})

test('options that few ask for', () => {
  const { options } = host({
    Memory: 1e8,
    MemorySwappiness: 0,
    NanoCpus: 5e8,
    CpusetCpus: '0',
    PidsLimit: -1,
    BlkioWeight: 0,
    BlkioDeviceReadBps: [{ Path: '/dev/null', Rate: 5 }],
    PidMode: 'host',
    IpcMode: 'shareable',
    CgroupnsMode: 'private',
    UsernsMode: 'keep-id',
    Devices: [{ PathOnHost: '/dev/null' }],
    DeviceCgroupRules: ['c 1:3 rwm'],
    DeviceRequests: [{ Driver: '', Count: -1, Capabilities: [['gpu']] }],
    Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
    Sysctls: { 'net.ipv4.ip_forward': '1' },
    Annotations: { a: 'b' },
    OomScoreAdj: 5,
    ShmSize: 1e6,
    Dns: ['1.1.1.1'],
    DnsOptions: ['ndots:1'],
    DnsSearch: ['x.y'],
    ExtraHosts: ['a:host-gateway', 'b:[::1]'],
    VolumesFrom: ['c:ro'],
    VolumeDriver: 'local',
    CgroupParent: '/p',
    Isolation: 'default',
    PublishAllPorts: true,
    MaskedPaths: [],
    ReadonlyPaths: ['/proc/sys'],
  })
  expect(options).toEqual({
    resources: {
      memory: 1e8,
      memorySwappiness: 0,
      nanoCpus: 5e8,
      cpusetCpus: '0',
      pidsLimit: -1,
      readBps: [{ path: '/dev/null', value: 5 }],
    },
    namespaces: { pid: 'host', ipc: 'shareable', cgroup: 'private', user: 'keep-id' },
    devices: [{ host: '/dev/null', inside: '/dev/null', permissions: 'rwm' }],
    deviceRules: ['c 1:3 rwm'],
    deviceRequests: [{ driver: '', count: -1, ids: null, capabilities: [['gpu']], options: null }],
    ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
    sysctls: { 'net.ipv4.ip_forward': '1' },
    annotations: { a: 'b' },
    oomScoreAdj: 5,
    shmSize: 1e6,
    dns: ['1.1.1.1'],
    dnsOptions: ['ndots:1'],
    dnsSearch: ['x.y'],
    extraHosts: ['a:host-gateway', 'b:::1'],
    volumesFrom: ['c:ro'],
    volumeDriver: 'local',
    cgroupParent: '/p',
    isolation: 'default',
    publishAll: true,
    maskedPaths: [],
    readonlyPaths: ['/proc/sys'],
  })
})

test('mounts of every kind', () => {
  const Mounts = [
    {
      Type: 'bind',
      Source: '/s',
      Target: '/b',
      ReadOnly: true,
      BindOptions: { Propagation: 'rslave', CreateMountpoint: true, ReadOnlyNonRecursive: true },
    },
    {
      Type: 'volume',
      Source: 'v',
      Target: '/v',
      VolumeOptions: {
        NoCopy: true,
        Labels: { a: 'b' },
        Subpath: 'x',
        DriverConfig: { Name: 'local', Options: { o: 'p' } },
      },
    },
    { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 5, Mode: 0o700 } },
    { Type: 'volume', Target: '/anonymous' },
  ]
  const request = host({ Mounts })
  expect(request.options.mounts).toEqual(Mounts)
  expect(request.mounts).toEqual([
    {
      type: 'bind',
      source: '/s',
      destination: '/b',
      readOnly: true,
      propagation: 'rslave',
      recursive: true,
      mode: '',
      createSource: true,
      writableBelow: true,
    },
    {
      type: 'volume',
      name: 'v',
      destination: '/v',
      readOnly: false,
      mode: 'z',
      copy: false,
      subpath: 'x',
      labels: { a: 'b' },
      driverOptions: { o: 'p' },
      driver: 'local',
    },
    { type: 'tmpfs', destination: '/t', readOnly: false, options: ['size=5', 'mode=700'] },
    {
      type: 'volume',
      name: '',
      destination: '/anonymous',
      readOnly: false,
      mode: 'z',
      copy: true,
    },
  ])
})
