import { LighterError } from '../core/errors.ts'
import type { ResourceFacts } from '../host/cgroups.ts'

/** A limit of one device of the host: bytes or operations a second, or a weight. */
export interface DeviceLimit {
  path: string
  value: number
}

/** Limits of a container, in Docker's units; absent: none. */
export interface Resources {
  memory?: number
  memoryReservation?: number
  /** Memory and swap together; -1: no limit on swap. */
  memorySwap?: number
  memorySwappiness?: number
  oomKillDisable?: boolean
  /** Billionths of a CPU. */
  nanoCpus?: number
  cpuShares?: number
  cpuPeriod?: number
  cpuQuota?: number
  cpuRealtimePeriod?: number
  cpuRealtimeRuntime?: number
  cpusetCpus?: string
  cpusetMems?: string
  pidsLimit?: number
  blkioWeight?: number
  blkioWeightDevice?: DeviceLimit[]
  readBps?: DeviceLimit[]
  writeBps?: DeviceLimit[]
  readIops?: DeviceLimit[]
  writeIops?: DeviceLimit[]
}

export interface CheckedResources {
  resources: Resources
  /** What was discarded, without the word WARNING. */
  warnings: string[]
}

const MIN_MEMORY = 6 * 1024 * 1024

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/**
 * Checks limits as Docker does and leaves out, with a warning, what this host cannot limit. `before`: the ones in force, when a
 * container is updated. Throws `bad-input` with Docker's sentences.
 */
export function checkResources(
  wanted: Resources,
  facts: ResourceFacts,
  before?: Resources,
): CheckedResources {
  const resources = { ...wanted }
  const warnings: string[] = []
  checkMemory(resources, before !== undefined)
  discardMemory(resources, facts, warnings)
  checkCpu(resources, facts)
  discardCpu(resources, facts, warnings)
  checkCpuset(resources, facts, warnings)
  discardPids(resources, facts, warnings)
  discardBlockIo(resources, facts, warnings)
  return { resources, warnings }
}

function checkMemory(resources: Resources, update: boolean): void {
  const { memory = 0, memorySwap = 0, memoryReservation = 0 } = resources
  if (memory !== 0 && memory < MIN_MEMORY) throw bad('Minimum memory limit allowed is 6MB')
  if (memory > 0 && memorySwap > 0 && memorySwap < memory) {
    throw bad('Minimum memoryswap limit should be larger than memory limit, see usage')
  }
  if (memory === 0 && memorySwap > 0 && !update) {
    throw bad('You should always set the Memory limit when using Memoryswap limit, see usage')
  }
  if (memoryReservation > 0 && memoryReservation < MIN_MEMORY) {
    throw bad('Minimum memory reservation allowed is 6MB')
  }
  if (memory > 0 && memoryReservation > memory) {
    throw bad('Minimum memory limit can not be less than memory reservation limit, see usage')
  }
  // As Docker: as much swap as memory where nothing was said of it.
  if (!update && memory > 0 && memorySwap === 0) resources.memorySwap = 2 * memory
}

function discardMemory(resources: Resources, facts: ResourceFacts, warnings: string[]): void {
  const limited = facts.controllers.has('memory')
  if (resources.memory && !limited) {
    warnings.push(unsupported('memory limit capabilities', 'Limitation discarded.'))
    delete resources.memory
    delete resources.memorySwap
  }
  if (resources.memoryReservation && !limited) {
    warnings.push(unsupported('memory soft limit capabilities', 'Limitation discarded.'))
    delete resources.memoryReservation
  }
  // Cgroup v2 has neither of the two.
  if (resources.memorySwappiness !== undefined) {
    warnings.push(unsupported('memory swappiness capabilities', 'Memory swappiness discarded.'))
    delete resources.memorySwappiness
  }
  if (resources.oomKillDisable) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.')
    delete resources.oomKillDisable
  }
}

const unsupported = (what: string, consequence: string): string =>
  `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}`

function checkCpu(resources: Resources, { cpus }: ResourceFacts): void {
  const { nanoCpus = 0, cpuPeriod = 0, cpuQuota = 0 } = resources
  if (nanoCpus > 0 && cpuPeriod > 0) {
    throw bad('Conflicting options: Nano CPUs and CPU Period cannot both be set')
  }
  if (nanoCpus > 0 && cpuQuota > 0) {
    throw bad('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  }
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9) {
    throw bad(`Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`)
  }
  if (cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000)) {
    throw bad(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    )
  }
  if (cpuQuota > 0 && cpuQuota < 1000) {
    throw bad('CPU cfs quota can not be less than 1ms (i.e. 1000)')
  }
  const { cpuRealtimePeriod = 0, cpuRealtimeRuntime = 0 } = resources
  if (cpuRealtimePeriod > 0 && cpuRealtimeRuntime > cpuRealtimePeriod) {
    throw bad('cpu real-time runtime cannot be higher than cpu real-time period')
  }
  // Cgroup v2 has no real-time groups.
  if (cpuRealtimePeriod || cpuRealtimeRuntime) {
    throw bad('Your kernel does not support CPU real-time scheduler')
  }
}

function discardCpu(resources: Resources, facts: ResourceFacts, warnings: string[]): void {
  if (facts.controllers.has('cpu')) return
  if (resources.cpuShares && resources.cpuShares > 0) {
    warnings.push(unsupported('CPU shares', 'Shares discarded.'))
  }
  if (resources.nanoCpus || resources.cpuPeriod || resources.cpuQuota) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.')
  }
  delete resources.cpuShares
  delete resources.nanoCpus
  delete resources.cpuPeriod
  delete resources.cpuQuota
}

function checkCpuset(resources: Resources, facts: ResourceFacts, warnings: string[]): void {
  const { cpusetCpus = '', cpusetMems = '' } = resources
  const missing = (wanted: string, online: string, kind: string): boolean => {
    const numbers = parseCpuList(wanted)
    if (!numbers) {
      const reason = isTooLarge(wanted)
        ? `value of out range, maximum is ${MAX_CPU}`
        : `invalid format: ${wanted}`
      throw bad(`Invalid value ${wanted} for cpuset ${kind}: ${reason}`)
    }
    const there = parseCpuList(online) ?? new Set()
    return [...numbers].some((number) => !there.has(number))
  }
  if (missing(cpusetCpus, facts.onlineCpus, 'cpus')) {
    throw bad(
      `Requested CPUs are not available - requested ${cpusetCpus}, available: ${facts.onlineCpus}`,
    )
  }
  if (missing(cpusetMems, facts.onlineMems, 'mems')) {
    throw bad(
      `Requested memory nodes are not available - requested ${cpusetMems}, available: ${facts.onlineMems}`,
    )
  }
  if ((cpusetCpus === '' && cpusetMems === '') || facts.controllers.has('cpuset')) return
  warnings.push(unsupported('cpuset', 'Cpuset discarded.'))
  delete resources.cpusetCpus
  delete resources.cpusetMems
}

/** More CPUs than any kernel is built for; a list beyond it is a mistake, not work to be done. */
const MAX_CPU = 8192

const isTooLarge = (text: string): boolean =>
  /^[\d,-]+$/.test(text) && text.split(/[,-]/).some((number) => Number(number) > MAX_CPU)

/** The numbers of a list like `0-2,5`; `undefined` for what is none. */
export function parseCpuList(text: string): Set<number> | undefined {
  const numbers = new Set<number>()
  if (text === '') return numbers
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    const first = Number(match?.[1])
    const last = Number(match?.[2] ?? match?.[1])
    if (!match || last < first || last > MAX_CPU) return undefined
    for (let number = first; number <= last; number++) numbers.add(number)
  }
  return numbers
}

function discardPids(resources: Resources, facts: ResourceFacts, warnings: string[]): void {
  if (resources.pidsLimit === undefined || facts.controllers.has('pids')) return
  if (resources.pidsLimit > 0) {
    warnings.push(unsupported('PIDs limit capabilities', 'PIDs limit discarded.'))
  }
  delete resources.pidsLimit
}

const WEIGHT = ['blkioWeight', 'Block I/O weight', 'Weight discarded.'] as const
const DEVICE_WEIGHT = [
  'blkioWeightDevice',
  'Block I/O weight_device',
  'Weight-device discarded.',
] as const
const RATES = [
  ['readBps', 'BPS Block I/O read limit', 'Block I/O BPS read limit discarded.'],
  ['writeBps', 'BPS Block I/O write limit', 'Block I/O BPS write limit discarded.'],
  ['readIops', 'IOPS Block read limit', 'Block I/O IOPS read limit discarded.'],
  ['writeIops', 'IOPS Block write limit', 'Block I/O IOPS write limit discarded.'],
] as const

function discardBlockIo(resources: Resources, facts: ResourceFacts, warnings: string[]): void {
  const { blkioWeight = 0 } = resources
  const limited = facts.controllers.has('io')
  if (limited && blkioWeight > 0 && (blkioWeight < 10 || blkioWeight > 1000)) {
    throw bad('Range of blkio weight is from 10 to 1000')
  }
  const absent = [
    ...(limited && facts.blockWeights.all ? [] : [WEIGHT]),
    ...(limited && facts.blockWeights.device ? [] : [DEVICE_WEIGHT]),
    ...(limited ? [] : RATES),
  ]
  for (const [key, what, consequence] of absent) {
    const value = resources[key]
    if (Array.isArray(value) ? value.length > 0 : value) {
      warnings.push(unsupported(what, consequence))
    }
    delete resources[key]
  }
}
