import { statSync } from 'node:fs'
import { LighterError } from '../../core/errors.ts'
import type { SpecDeviceLimit, SpecDeviceRule, SpecResources } from '../../oci/runtime-spec.ts'
import type { HostOptions } from '../options.ts'
import type { DeviceLimit, Resources } from '../resources.ts'
import { splitNumber } from './devices.ts'

const CPU_PERIOD = 100_000

/** The limits of a container as its spec says them; `undefined` where there are none. */
export function buildResources(options: HostOptions): SpecResources | undefined {
  const limits = options.resources ?? {}
  const rules = deviceRules(options)
  const parts: SpecResources = {
    ...group('memory', {
      limit: limits.memory,
      reservation: limits.memoryReservation,
      swap: limits.memorySwap,
    }),
    ...group('cpu', {
      shares: limits.cpuShares,
      ...cpuTime(limits),
      cpus: limits.cpusetCpus,
      mems: limits.cpusetMems,
    }),
    ...group('pids', { limit: limits.pidsLimit }),
    ...group('blockIO', {
      weight: limits.blkioWeight,
      weightDevice: limits.blkioWeightDevice?.map((limit) => ({
        ...deviceNumber(limit.path),
        weight: limit.value,
      })),
      throttleReadBpsDevice: throttle(limits.readBps),
      throttleWriteBpsDevice: throttle(limits.writeBps),
      throttleReadIOPSDevice: throttle(limits.readIops),
      throttleWriteIOPSDevice: throttle(limits.writeIops),
    }),
    ...(rules.length > 0 ? { devices: rules } : {}),
  }
  return Object.keys(parts).length > 0 ? parts : undefined
}

function group<K extends string, T extends object>(key: K, members: T): { [P in K]?: T } {
  const kept = Object.entries(members).filter(([, value]) => value !== undefined)
  return (kept.length > 0 ? { [key]: Object.fromEntries(kept) } : {}) as { [P in K]?: T }
}

function cpuTime(limits: Resources): { quota?: number; period?: number } {
  if (limits.nanoCpus) {
    return { quota: Math.floor((limits.nanoCpus * CPU_PERIOD) / 1e9), period: CPU_PERIOD }
  }
  return {
    ...(limits.cpuQuota ? { quota: limits.cpuQuota } : {}),
    ...(limits.cpuPeriod ? { period: limits.cpuPeriod } : {}),
  }
}

const throttle = (limits: DeviceLimit[] | undefined): SpecDeviceLimit[] | undefined =>
  limits?.map((limit) => ({ ...deviceNumber(limit.path), rate: limit.value }))

function deviceNumber(path: string): { major: number; minor: number } {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status) return splitNumber(status.rdev)
  throw new LighterError('bad-input', `stat ${path}: no such file or directory`)
}

/** What the container may do with device nodes: nothing but what was given to it. */
function deviceRules({ devices = [], deviceRules = [] }: HostOptions): SpecDeviceRule[] {
  if (devices.length === 0 && deviceRules.length === 0) return []
  const given = devices.flatMap(({ host, permissions }) => {
    const status = statSync(host, { throwIfNoEntry: false })
    if (!status || !(status.isCharacterDevice() || status.isBlockDevice())) return []
    const type = status.isBlockDevice() ? 'b' : 'c'
    return [{ allow: true, type, ...splitNumber(status.rdev), access: permissions }]
  })
  return [{ allow: false, access: 'rwm' }, ...given, ...deviceRules.map(parseRule)]
}

function parseRule(text: string): SpecDeviceRule {
  const [, type = 'a', major = '*', minor = '*', access = 'rwm'] =
    /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]+)$/.exec(text) ?? []
  return {
    allow: true,
    type,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  }
}
