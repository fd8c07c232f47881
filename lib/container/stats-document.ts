import { instantText, shortInstant } from '../core/instant.ts'
import { sortMembers } from '../core/labels.ts'
import type { ContainerRecord } from './record.ts'
import type { InterfaceCounters, Usage } from './usage.ts'

type Document = Record<string, unknown>

/** What a container used until a moment, and the host until then. */
export interface Sample {
  /** Nanoseconds since 1970. */
  at: bigint
  usage: Usage
  host: HostCpu
}

export interface HostCpu {
  /** Time of all processors together, at work or idle, in milliseconds. */
  total: number
  online: number
}

/** From the text of /proc/stat, whose counters are hundredths of a second (proc_stat(5)). */
export function readHostCpu(text: string): HostCpu {
  const [all = ''] = text.split('\n')
  const counters = all.split(/\s+/).slice(1, 8).map(Number)
  return {
    total: counters.reduce((sum, ticks) => sum + ticks, 0) * 10,
    online: [...text.matchAll(/^cpu\d+ /gm)].length,
  }
}

const NEVER = '0001-01-01T00:00:00Z'

/** The document of Docker's API about what a container uses, as of cgroup v2. `now`: `undefined` where it does not run. */
export function describeStats(
  { id, name }: Pick<ContainerRecord, 'id' | 'name'>,
  now: Sample | undefined,
  before: Sample | undefined,
): Document {
  return {
    read: instant(now),
    preread: instant(before),
    pids_stats: now ? pidsOf(now.usage) : {},
    blkio_stats: {
      io_service_bytes_recursive: now ? blocksOf(now.usage) : null,
      io_serviced_recursive: null,
      io_queue_recursive: null,
      io_service_time_recursive: null,
      io_wait_time_recursive: null,
      io_merged_recursive: null,
      io_time_recursive: null,
      sectors_recursive: null,
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuOf(now),
    precpu_stats: cpuOf(before),
    memory_stats: now ? memoryOf(now.usage) : {},
    name: `/${name}`,
    id,
    ...(now && Object.keys(now.usage.interfaces).length > 0
      ? { networks: networksOf(now.usage.interfaces) }
      : {}),
  }
}

const instant = (sample: Sample | undefined): string =>
  sample ? shortInstant(instantText(sample.at)) : NEVER

const pidsOf = ({ tasks, tasksLimit }: Usage): Document => ({
  current: tasks,
  ...(tasksLimit === undefined ? {} : { limit: tasksLimit }),
})

const blocksOf = ({ devices }: Usage): Document[] =>
  devices.flatMap(({ major, minor, read, written }) => [
    { major, minor, op: 'read', value: read },
    { major, minor, op: 'write', value: written },
  ])

const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6)

function cpuOf(sample: Sample | undefined): Document {
  const { cpu = 0, cpuKernel = 0, cpuUser = 0, throttling } = sample?.usage ?? {}
  return {
    cpu_usage: {
      total_usage: nanoseconds(cpu),
      usage_in_kernelmode: nanoseconds(cpuKernel),
      usage_in_usermode: nanoseconds(cpuUser),
    },
    ...(sample
      ? { system_cpu_usage: nanoseconds(sample.host.total), online_cpus: sample.host.online }
      : {}),
    throttling_data: {
      periods: throttling?.periods ?? 0,
      throttled_periods: throttling?.throttled ?? 0,
      throttled_time: nanoseconds(throttling?.time ?? 0),
    },
  }
}

/** With the page cache that can be given back: who reads this takes it away. */
function memoryOf({ memory, memoryDetails, memoryLimit }: Usage): Document {
  return {
    usage: memory + (memoryDetails.inactive_file ?? 0),
    stats: sortMembers(memoryDetails),
    limit: memoryLimit,
  }
}

const networksOf = (interfaces: Readonly<Record<string, InterfaceCounters>>): Document =>
  Object.fromEntries(
    Object.entries(interfaces).map(([name, { received, sent }]) => [
      name,
      {
        rx_bytes: received.bytes,
        rx_packets: received.packets,
        rx_errors: received.errors,
        rx_dropped: received.dropped,
        tx_bytes: sent.bytes,
        tx_packets: sent.packets,
        tx_errors: sent.errors,
        tx_dropped: sent.dropped,
      },
    ]),
  )
