import { expect, test } from 'vitest'
import { readCreateRequest } from '../../../api/containers/create/request.ts'

const read = (document: object) => readCreateRequest(document as Record<string, unknown>, '')

test.each<[object, string]>([
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ Volumes: { '/a:/b': {} } }, "invalid volume specification: '/a:/b'"],
  [{ ExposedPorts: { x: {} } }, 'invalid port specification: "x"'],
  [{ ExposedPorts: { '70000/tcp': {} } }, 'invalid port specification: "70000"'],
  [{ MacAddress: 'x' }, 'invalid config for network bridge: invalid MAC address x'],
  [{ Healthcheck: { Retries: -1 } }, 'Retries in Healthcheck cannot be negative'],
  [{ HostConfig: { ShmSize: -1 } }, 'SHM size can not be less than 0'],
  [{ HostConfig: { PidMode: 'x' } }, 'invalid PID mode: x'],
  [{ HostConfig: { UTSMode: 'x' } }, 'invalid UTS mode: x'],
  [{ HostConfig: { UsernsMode: 'x' } }, 'invalid user namespace mode: x'],
  [{ HostConfig: { CgroupnsMode: 'x' } }, 'invalid cgroup namespace mode: x'],
  [{ HostConfig: { Isolation: 'x' } }, 'Invalid isolation: "x"'],
  [{ HostConfig: { OomScoreAdj: 2000 } }, 'Invalid value 2000, range for oom score adj'],
  [{ HostConfig: { StorageOpt: { size: '1' } } }, '--storage-opt is supported only'],
  [{ HostConfig: { StorageOpt: { x: '1' } } }, 'Unknown option x'],
  [{ HostConfig: { Annotations: { '': 'x' } } }, 'invalid Annotations'],
  [{ HostConfig: { CpuCount: 1 } }, 'Linux does not support CpuCount'],
  [{ HostConfig: { MemorySwappiness: 101 } }, 'valid memory swappiness range is 0-100'],
  [
    { HostConfig: { BlkioWeightDevice: [{ Path: '/x', Weight: 50 }] } },
    'bad format for device path',
  ],
  [{ HostConfig: { Ulimits: [{ Name: 'x' }] } }, 'invalid ulimit type: x'],
  [{ HostConfig: { Ulimits: [{ Name: 'core', Soft: 2, Hard: 1 }] } }, 'must be less than or equal'],
  [{ HostConfig: { Sysctls: { 'kernel.panic': '1' } } }, "sysctl 'kernel.panic=1' is not allowed"],
  [{ HostConfig: { Devices: [{ PathOnHost: 'x' }] } }, 'x is not an absolute path'],
  [{ HostConfig: { DeviceCgroupRules: ['x'] } }, "invalid device cgroup format 'x'"],
  [{ HostConfig: { Dns: ['1.1.1.1\nx'] } }, 'IP address is not correctly formatted'],
  [{ HostConfig: { DnsSearch: ['a\nnameserver 1.1.1.1'] } }, 'is no single word'],
  [{ HostConfig: { DnsOptions: ['a b'] } }, 'is no single word'],
  [{ HostConfig: { ExtraHosts: ['x'] } }, 'bad format for add-host: "x"'],
  // What users write so their clients send otherwise.
  [{ HostConfig: { ExtraHosts: ['x=::1'] } }, 'bad format for add-host: "x=::1"'],
  [{ HostConfig: { Binds: ['x'] } }, "invalid mount path: 'x' mount path must be absolute"],
  [{ HostConfig: { Mounts: [{ Target: '/x' }] } }, 'for type "": mount type unknown'],
  [{ HostConfig: { MaskedPaths: ['proc'] } }, 'proc is not an absolute path'],
  [{ HostConfig: { Links: [''] } }, 'empty string specified for links'],
  [{ HostConfig: { PortBindings: { '80-81': [{}] } } }, 'invalid port specification: "80-81"'],
  [{ HostConfig: { PortBindings: { '80': [{ HostPort: '9-8' }] } } }, 'invalid port specification'],
  [{ HostConfig: { PortBindings: { '80': [{ HostIp: 'x' }] } } }, 'Invalid ip address: x'],
  [{ HostConfig: { Mounts: [{ Type: 'npipe', Target: '/x' }] } }, 'mount type unknown'],
  [{ HostConfig: { Mounts: [{ Type: 'bind', Target: '/x' }] } }, 'field Source must not be empty'],
  [{ HostConfig: { Mounts: [{ Type: 'volume', Source: 'v' }] } }, 'field Target must not be empty'],
  [
    { HostConfig: { Mounts: [{ Type: 'tmpfs', Target: '/x', BindOptions: {} }] } },
    'BindOptions must not be specified on mount type "tmpfs"',
  ],
  [
    { HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [
    { NetworkingConfig: { EndpointsConfig: { n: { Aliases: ['a\nb'] } } } },
    'invalid alias: "a\\nb"',
  ],
])('%j is refused', (document, message) => {
  expect(() => read({ Image: 'i', ...document })).toThrow(message)
})
