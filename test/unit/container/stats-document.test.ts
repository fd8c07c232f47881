import { expect, test } from 'vitest'
import { describeStats, readHostCpu, type Sample } from '../../../lib/container/stats-document.ts'

const record = { id: 'f'.repeat(64), name: 'x' } as Parameters<typeof describeStats>[0]

const sample = (at: bigint, cpu: number): Sample => ({
  at,
  usage: {
    at: 0,
    cpu,
    cpuUser: cpu - 1,
    cpuKernel: 1,
    throttling: { periods: 3, throttled: 2, time: 1.5 },
    memory: 1000,
    memoryLimit: 5000,
    memoryDetails: { inactive_file: 24, anon: 7 },
    received: 1,
    sent: 2,
    interfaces: {
      eth0: {
        received: { bytes: 1, packets: 3, errors: 0, dropped: 4 },
        sent: { bytes: 2, packets: 5, errors: 6, dropped: 0 },
      },
    },
    blocksRead: 8,
    blocksWritten: 9,
    devices: [{ major: 8, minor: 1, read: 8, written: 9 }],
    tasks: 4,
    tasksLimit: 100,
  },
  host: { total: 10_000, online: 2 },
})

test('the numbers are where clients look for them', () => {
  const document = describeStats(record, sample(2_000_000_000n, 20), sample(1_000_000_000n, 10))
  expect(document).toMatchObject({
    read: '1970-01-01T00:00:02Z',
    preread: '1970-01-01T00:00:01Z',
    pids_stats: { current: 4, limit: 100 },
    blkio_stats: {
      io_service_bytes_recursive: [
        { major: 8, minor: 1, op: 'read', value: 8 },
        { major: 8, minor: 1, op: 'write', value: 9 },
      ],
    },
    cpu_stats: {
      cpu_usage: {
        total_usage: 20_000_000,
        usage_in_usermode: 19_000_000,
        usage_in_kernelmode: 1_000_000,
      },
      system_cpu_usage: 10_000_000_000,
      online_cpus: 2,
      throttling_data: { periods: 3, throttled_periods: 2, throttled_time: 1_500_000 },
    },
    precpu_stats: { cpu_usage: { total_usage: 10_000_000 } },
    // Clients take the inactive files off the usage.
    memory_stats: { usage: 1024, stats: { anon: 7, inactive_file: 24 }, limit: 5000 },
    name: '/x',
    id: record.id,
    networks: {
      eth0: {
        rx_bytes: 1,
        rx_packets: 3,
        rx_errors: 0,
        rx_dropped: 4,
        tx_bytes: 2,
        tx_packets: 5,
        tx_errors: 6,
        tx_dropped: 0,
      },
    },
  })
})

test('one that does not run has zeros', () => {
  const document = describeStats(record, undefined, undefined)
  expect(document).toMatchObject({
    read: '0001-01-01T00:00:00Z',
    pids_stats: {},
    memory_stats: {},
    cpu_stats: { cpu_usage: { total_usage: 0 } },
  })
  expect(document).not.toHaveProperty('networks')
})

test('the host’s processors', () => {
  const text = 'cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\ncpu_x 1\n'
  expect(readHostCpu(text)).toEqual({ total: 280, online: 2 })
})
