import type { DeviceLimit, Resources } from '../../../lib/container/resources.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import type { Fields } from '../../http/fields.ts'

const NUMBERS = {
  Memory: 'memory',
  MemoryReservation: 'memoryReservation',
  MemorySwap: 'memorySwap',
  NanoCpus: 'nanoCpus',
  CpuShares: 'cpuShares',
  CpuPeriod: 'cpuPeriod',
  CpuQuota: 'cpuQuota',
  CpuRealtimePeriod: 'cpuRealtimePeriod',
  CpuRealtimeRuntime: 'cpuRealtimeRuntime',
  PidsLimit: 'pidsLimit',
} as const satisfies Record<string, keyof Resources>

const TEXTS = { CpusetCpus: 'cpusetCpus', CpusetMems: 'cpusetMems' } as const

const RATES = {
  BlkioDeviceReadBps: 'readBps',
  BlkioDeviceWriteBps: 'writeBps',
  BlkioDeviceReadIOps: 'readIops',
  BlkioDeviceWriteIOps: 'writeIops',
} as const satisfies Record<string, keyof Resources>

/** The limits that `update` can change, too; those that are zero are not there. Throws 400. */
export function readLimits(host: Fields): Resources {
  const resources: Resources = {}
  for (const [name, key] of Object.entries(NUMBERS)) {
    const value = host.int(name)
    if (value !== 0) resources[key] = value
  }
  for (const [name, key] of Object.entries(TEXTS)) {
    const value = host.text(name)
    if (value !== '') resources[key] = value
  }
  const weight = host.int('BlkioWeight', 'uint16')
  if (weight !== 0) resources.blkioWeight = weight
  return resources
}

/** All limits of a container that is made. Throws 400. */
export function readResources(host: Fields): Resources {
  refuseWindows(host)
  const resources = readLimits(host)
  const swappiness = host.intIfAny('MemorySwappiness') ?? -1
  if (swappiness < -1 || swappiness > 100) {
    throw bad(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`)
  }
  if (swappiness !== -1) resources.memorySwappiness = swappiness
  if (host.bool('OomKillDisable')) resources.oomKillDisable = true
  const weights = host.objects('BlkioWeightDevice', 'WeightDevice').map(readWeight)
  if (weights.length > 0) resources.blkioWeightDevice = weights
  for (const [name, key] of Object.entries(RATES)) {
    const limits = host.objects(name, 'ThrottleDevice').map(readRate)
    if (limits.length > 0) resources[key] = limits
  }
  return resources
}

function readWeight(limit: Fields): DeviceLimit {
  const value = limit.int('Weight', 'uint16')
  if (value > 0 && (value < 10 || value > 1000)) {
    throw bad(`Range of blkio weight is from 10 to 1000: ${value}`)
  }
  return { path: devicePath(limit), value }
}

const readRate = (limit: Fields): DeviceLimit => ({
  path: devicePath(limit),
  value: limit.int('Rate', 'uint64'),
})

function devicePath(limit: Fields): string {
  const path = limit.text('Path')
  if (path.startsWith('/dev/')) return path
  throw bad(`bad format for device path: ${path}`)
}

const WINDOWS = ['CpuCount', 'CpuPercent', 'IOMaximumIOps', 'IOMaximumBandwidth']

function refuseWindows(host: Fields): void {
  const given = WINDOWS.find((name) => host.int(name) !== 0)
  if (given !== undefined) {
    throw bad(`invalid option: Linux does not support ${given}, which is for Windows`)
  }
}

const bad = (message: string): LighterError => new LighterError('bad-input', message)
