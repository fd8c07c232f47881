import type { DeviceLimit, Resources } from '../../lib/container/resources.ts'
import { compact } from '../../lib/core/compact.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Parsed } from '../parse.ts'
import { parseBpsDevice, parseIopsDevice, parseWeightDevice } from './block-io.ts'
import { parseCpus } from './cpus.ts'

const NUMBERS = {
  memory: 'memory',
  'memory-reservation': 'memoryReservation',
  'memory-swap': 'memorySwap',
  'cpu-shares': 'cpuShares',
  'cpu-period': 'cpuPeriod',
  'cpu-quota': 'cpuQuota',
  'cpu-rt-period': 'cpuRealtimePeriod',
  'cpu-rt-runtime': 'cpuRealtimeRuntime',
  'blkio-weight': 'blkioWeight',
} as const satisfies Record<string, keyof Resources>

/** The limits of `run`, `create` and `update`; what is zero is not there. Nothing is checked beyond each value's own form. */
export function parseLimits(parsed: Parsed): Resources {
  const resources: Resources = {}
  for (const [flag, key] of Object.entries(NUMBERS)) {
    const value = parsed.int(flag)
    if (value) resources[key] = value
  }
  const cpus = parsed.string('cpus')
  if (cpus !== undefined && parseCpus(cpus) !== 0) resources.nanoCpus = parseCpus(cpus)
  const pids = parsed.int('pids-limit')
  if (pids) resources.pidsLimit = pids
  const cpuset = parsed.string('cpuset-cpus')
  if (cpuset) resources.cpusetCpus = cpuset
  const mems = parsed.string('cpuset-mems')
  if (mems) resources.cpusetMems = mems
  return resources
}

/** The limits of `run` and `create`. Throws `usage`. */
export function parseCreateLimits(parsed: Parsed): Resources {
  const resources = parseLimits(parsed)
  const swappiness = parsed.int('memory-swappiness') ?? -1
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new LighterError(
      'usage',
      `invalid value: ${swappiness}. Valid memory swappiness range is 0-100`,
    )
  }
  if (swappiness !== -1) resources.memorySwappiness = swappiness
  if (parsed.bool('oom-kill-disable')) resources.oomKillDisable = true
  const take = (flag: string, parse: (text: string) => DeviceLimit): DeviceLimit[] | undefined => {
    const limits = parsed.list(flag).map(parse)
    return limits.length > 0 ? limits : undefined
  }
  return {
    ...resources,
    ...compact({
      blkioWeightDevice: take('blkio-weight-device', parseWeightDevice),
      readBps: take('device-read-bps', parseBpsDevice),
      writeBps: take('device-write-bps', parseBpsDevice),
      readIops: take('device-read-iops', parseIopsDevice),
      writeIops: take('device-write-iops', parseIopsDevice),
    }),
  }
}
