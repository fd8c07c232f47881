import { parseBpsDevice, parseIopsDevice, parseWeightDevice } from './block-io.ts'
import { checked } from './checked.ts'
import { parseCpus } from './cpus.ts'
import type { FlagTable } from './spec.ts'

/** Limits that `run`, `create` and `update` share. */
export const limitFlags = (): FlagTable => ({
  'blkio-weight': {
    type: 'uint16',
    shownDefault: '0',
    summary: 'Block IO (relative weight), between 10 and 1000, or 0 to disable',
  },
  'cpu-period': { type: 'int', summary: 'Limit CPU CFS (Completely Fair Scheduler) period' },
  'cpu-quota': { type: 'int', summary: 'Limit CPU CFS (Completely Fair Scheduler) quota' },
  'cpu-rt-period': { type: 'int', summary: 'Limit CPU real-time period in microseconds' },
  'cpu-rt-runtime': { type: 'int', summary: 'Limit CPU real-time runtime in microseconds' },
  'cpu-shares': { type: 'int', short: 'c', summary: 'CPU shares (relative weight)' },
  cpus: {
    type: 'string',
    placeholder: 'decimal',
    check: checked(parseCpus),
    summary: 'Number of CPUs',
  },
  'cpuset-cpus': { type: 'string', summary: 'CPUs in which to allow execution (0-3, 0,1)' },
  'cpuset-mems': { type: 'string', summary: 'MEMs in which to allow execution (0-3, 0,1)' },
  // Not shown by --help any more: the kernel gave it up, and Docker with it.
  'kernel-memory': { type: 'bytes', hidden: true, summary: 'Kernel memory limit' },
  memory: { type: 'bytes', short: 'm', summary: 'Memory limit' },
  'memory-reservation': { type: 'bytes', summary: 'Memory soft limit' },
  'memory-swap': {
    type: 'swap',
    summary: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
  },
  'pids-limit': { type: 'int', summary: 'Tune container pids limit (set -1 for unlimited)' },
})

const rate = (check: (text: string) => string | undefined, summary: string) =>
  ({ type: 'list', shownDefault: '[]', check, summary }) as const

/** Limits that can be set only when a container is made. */
export const createLimitFlags = (): FlagTable => ({
  ...limitFlags(),
  'blkio-weight-device': rate(
    checked(parseWeightDevice),
    'Block IO weight (relative device weight)',
  ),
  'device-read-bps': rate(
    checked(parseBpsDevice),
    'Limit read rate (bytes per second) from a device',
  ),
  'device-read-iops': rate(
    checked(parseIopsDevice),
    'Limit read rate (IO per second) from a device',
  ),
  'device-write-bps': rate(
    checked(parseBpsDevice),
    'Limit write rate (bytes per second) to a device',
  ),
  'device-write-iops': rate(
    checked(parseIopsDevice),
    'Limit write rate (IO per second) to a device',
  ),
  // Windows has these; on Linux they are refused as Docker refuses them.
  'cpu-count': { type: 'int', hidden: true, summary: 'CPU count (Windows only)' },
  'cpu-percent': { type: 'int', hidden: true, summary: 'CPU percent (Windows only)' },
  'io-maxbandwidth': {
    type: 'bytes',
    hidden: true,
    summary: 'Maximum IO bandwidth limit for the system drive (Windows only)',
  },
  'io-maxiops': {
    type: 'uint',
    hidden: true,
    summary: 'Maximum IOps limit for the system drive (Windows only)',
  },
  'memory-swappiness': {
    type: 'int',
    default: -1,
    summary: 'Tune container memory swappiness (0 to 100)',
  },
  'oom-kill-disable': { type: 'bool', summary: 'Disable OOM Killer' },
  'oom-score-adj': { type: 'int', summary: "Tune host's OOM preferences (-1000 to 1000)" },
  'shm-size': { type: 'bytes', summary: 'Size of /dev/shm' },
})
