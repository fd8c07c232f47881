import {
  checkHostOptions,
  isNamespaceMode,
  refuseStorageOptions,
} from '../../../lib/container/check-options.ts'
import { checkDeviceRule } from '../../../lib/container/device-rule.ts'
import type {
  DeviceMapping,
  DeviceRequest,
  HostOptions,
  NamespaceModes,
  Ulimit,
} from '../../../lib/container/options.ts'
import type { CreateRequest } from '../../../lib/container/request.ts'
import type { RestartPolicy } from '../../../lib/container/supervision.ts'
import { checkSysctl } from '../../../lib/container/sysctls.ts'
import { ulimitFault } from '../../../lib/container/ulimit.ts'
import { compact } from '../../../lib/core/compact.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { checkDns, checkExtraHost, normalizeExtraHost } from '../../../lib/network/host-names.ts'
import type { Fields } from '../../http/fields.ts'
import { readMounts } from './mounts.ts'
import { readResources } from './resources.ts'

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** What few containers ask for, of `HostConfig`. Throws 400. */
export function readHostOptions(host: Fields): HostOptions {
  refuseStorageOptions(Object.keys(host.map('StorageOpt')))
  const options = compact({
    resources: filled(readResources(host)),
    namespaces: filled(readNamespaces(host)),
    devices: some(host.objects('Devices', 'DeviceMapping').map(readDevice)),
    deviceRules: some(checkAll(host.texts('DeviceCgroupRules'), checkDeviceRule)),
    deviceRequests: some(host.objects('DeviceRequests', 'DeviceRequest').map(readDeviceRequest)),
    ulimits: some(host.objects('Ulimits', 'Ulimit').map(readUlimit)),
    sysctls: filled(readSysctls(host)),
    annotations: filled(host.map('Annotations')),
    oomScoreAdj: host.int('OomScoreAdj', 'int') || undefined,
    shmSize: host.int('ShmSize') || undefined,
    dns: some(checkAll(host.texts('Dns'), checkDns)),
    dnsOptions: some(host.texts('DnsOptions').map(oneLine)),
    dnsSearch: some(host.texts('DnsSearch').map(oneLine)),
    extraHosts: some(checkAll(host.texts('ExtraHosts'), extraHostFault).map(normalizeExtraHost)),
    volumesFrom: some(host.texts('VolumesFrom')),
    volumeDriver: host.text('VolumeDriver') || undefined,
    cgroupParent: host.text('CgroupParent') || undefined,
    isolation: host.text('Isolation', 'Isolation') || undefined,
    publishAll: host.bool('PublishAllPorts') || undefined,
    maskedPaths: host.textsIfAny('MaskedPaths')?.map(absolute),
    readonlyPaths: host.textsIfAny('ReadonlyPaths')?.map(absolute),
    mounts: some(readMounts(host)),
  })
  checkHostOptions(options)
  return options
}

/** A colon alone is what stands between name and address: clients make one of other marks. */
const extraHostFault = (text: string): string | undefined =>
  /^[^:=]+:/.test(text) ? checkExtraHost(text) : `bad format for add-host: ${JSON.stringify(text)}`

const some = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined)

const filled = <T extends object>(members: T): T | undefined =>
  Object.keys(members).length > 0 ? members : undefined

function checkAll(texts: string[], fault: (text: string) => string | undefined): string[] {
  for (const text of texts) {
    const reason = fault(text)
    if (reason !== undefined) throw bad(reason)
  }
  return texts
}

/** What becomes a line of a file, or a part of one. */
function oneLine(text: string): string {
  if (/^[^\s\0]*$/.test(text)) return text
  throw bad(`${JSON.stringify(text)} is no single word`)
}

function absolute(path: string): string {
  if (path.startsWith('/')) return path
  throw bad(`${path} is not an absolute path`)
}

const NAMESPACES = [
  ['PidMode', 'pid', 'PID mode'],
  ['IpcMode', 'ipc', 'IPC mode'],
  ['UTSMode', 'uts', 'UTS mode'],
  ['CgroupnsMode', 'cgroup', 'cgroup namespace mode'],
  ['UsernsMode', 'user', 'user namespace mode'],
] as const

function readNamespaces(host: Fields): NamespaceModes {
  const modes: NamespaceModes = {}
  for (const [name, kind, words] of NAMESPACES) {
    const text = host.text(name, name)
    if (text === '') continue
    if (!isNamespaceMode(kind, text)) throw bad(`invalid ${words}: ${text}`)
    modes[kind] = text
  }
  return modes
}

function readDevice(device: Fields): DeviceMapping {
  const path = absolute(device.text('PathOnHost'))
  const permissions = device.text('CgroupPermissions') || 'rwm'
  if (!/^[rwm]{1,3}$/.test(permissions)) throw bad(`bad mode specified: ${permissions}`)
  return { host: path, inside: absolute(device.text('PathInContainer') || path), permissions }
}

const readDeviceRequest = (request: Fields): DeviceRequest => ({
  driver: request.text('Driver'),
  count: request.int('Count', 'int'),
  ids: some(request.texts('DeviceIDs')) ?? null,
  capabilities: some(request.textLists('Capabilities')) ?? null,
  options: request.mapIfAny('Options') ?? null,
})

function readUlimit(fields: Fields): Ulimit {
  const limit = { name: fields.text('Name'), soft: fields.int('Soft'), hard: fields.int('Hard') }
  const fault = ulimitFault(limit)
  if (fault !== undefined) throw bad(fault)
  return limit
}

function readSysctls(host: Fields): Record<string, string> {
  const sysctls = host.map('Sysctls')
  checkAll(
    Object.entries(sysctls).map(([name, value]) => `${name}=${value}`),
    checkSysctl,
  )
  return sysctls
}

type Supervision = Pick<CreateRequest, 'restart' | 'log'>

/** The restart policy and the log driver. Throws 400. */
export function readSupervision(host: Fields): Supervision {
  const policy = readRestartPolicy(host)
  const config = host.object('LogConfig')
  const type = config.text('Type')
  const options = config.map('Config')
  if (policy && host.bool('AutoRemove')) {
    throw bad("can't create 'AutoRemove' container with restart policy")
  }
  return {
    ...(policy ? { restart: policy } : {}),
    ...(type === '' && Object.keys(options).length === 0
      ? {}
      : { log: { type: type || 'json-file', config: options } }),
  }
}

/** `undefined` for none, and for `no`. What it is called is checked where it is used. */
export function readRestartPolicy(host: Fields): RestartPolicy | undefined {
  const fields = host.object('RestartPolicy')
  const name = fields.text('Name', 'RestartPolicyMode') || 'no'
  const maximumRetryCount = fields.int('MaximumRetryCount', 'int')
  if (name === 'no' && maximumRetryCount === 0) return undefined
  return { name: name as RestartPolicy['name'], maximumRetryCount }
}
