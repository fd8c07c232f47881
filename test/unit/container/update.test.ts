import { describe, expect, test } from 'vitest'
import { checkResources, parseCpuList, type Resources } from '../../../lib/container/resources.ts'
import { buildResources } from '../../../lib/container/spec/resources.ts'
import { cgroupSettings, mergeLimits } from '../../../lib/container/update.ts'
import { mappingOption, userMap } from '../../../lib/container/user-map.ts'

const MB = 1024 * 1024
const facts = {
  controllers: new Set(['memory', 'cpu', 'pids', 'cpuset', 'io']),
  blockWeights: { all: true, device: false },
  cpus: 2,
  onlineCpus: '0-1',
  onlineMems: '0',
}

describe('limits', () => {
  test('as much swap as memory where nothing is said', () => {
    expect(checkResources({ memory: 10 * MB }, facts)).toEqual({
      resources: { memory: 10 * MB, memorySwap: 20 * MB },
      warnings: [],
    })
  })

  test.each<[Resources, RegExp]>([
    [{ cpusetCpus: '99' }, /Requested CPUs are not available - requested 99, available: 0-1/],
    [{ cpusetMems: 'x' }, /Invalid value x for cpuset mems: invalid format: x/],
    [{ nanoCpus: 3e9 }, /Range of CPUs is from 0.01 to 2.00/],
    [{ blkioWeight: 5 }, /Range of blkio weight is from 10 to 1000/],
    [{ memory: 10 * MB, memoryReservation: 20 * MB }, /can not be less than memory reservation/],
  ])('%j is refused', (wanted, reason) => {
    expect(() => checkResources(wanted, facts)).toThrow(reason)
  })

  test('without controllers all are left out, each with a warning', () => {
    const wanted = { memory: 10 * MB, nanoCpus: 1e9, cpusetCpus: '0', pidsLimit: 5 }
    const checked = checkResources(wanted, { ...facts, controllers: new Set() })
    expect(checked.resources).toEqual({})
    expect(checked.warnings).toHaveLength(4)
  })

  test('weights of block devices where the kernel has those of all devices only', () => {
    const path = '/dev/sda'
    const wanted = { blkioWeight: 300, blkioWeightDevice: [{ path, value: 500 }] }
    expect(checkResources(wanted, facts)).toEqual({
      resources: { blkioWeight: 300 },
      warnings: [
        'Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
      ],
    })
  })

  test('a list of CPUs', () => {
    expect([...(parseCpuList('0-2,5') ?? [])]).toEqual([0, 1, 2, 5])
    expect(parseCpuList('2-1')).toBeUndefined()
    expect(parseCpuList('0-99999999')).toBeUndefined()
  })

  test('in the words of the runtime specification', () => {
    const resources = { memory: 10 * MB, memorySwap: 20 * MB, nanoCpus: 5e8, pidsLimit: 9 }
    expect(buildResources({ resources })).toEqual({
      memory: { limit: 10 * MB, swap: 20 * MB },
      cpu: { quota: 50000, period: 100000 },
      pids: { limit: 9 },
    })
    expect(buildResources({})).toBeUndefined()
  })
})

describe('update', () => {
  test('what contradicts the limits in force is refused', () => {
    const merge = (before: Resources, change: Resources) => mergeLimits(before, change, 'ID')
    expect(() => merge({ cpuQuota: 5000 }, { nanoCpus: 1e9 })).toThrow(
      'Cannot update container ID: Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set',
    )
    expect(() => merge({ memory: 10, memorySwap: 20 }, { memory: 60 })).toThrow(
      'update the memoryswap at the same time',
    )
    expect(merge({ memory: 10 }, { pidsLimit: 5 })).toEqual({ memory: 10, pidsLimit: 5 })
  })

  test('in the files of the cgroup', () => {
    const change = { memory: 10 * MB, memorySwap: 30 * MB, cpuShares: 1024, pidsLimit: -1 }
    expect(cgroupSettings(change, change)).toEqual([
      ['memory.max', String(10 * MB)],
      ['memory.swap.max', String(20 * MB)],
      ['cpu.weight', '39'],
      ['pids.max', 'max'],
    ])
    expect(cgroupSettings({ nanoCpus: 0 }, { nanoCpus: 0 })).toEqual([['cpu.max', 'max 100000']])
  })
})

describe('the ids of a container', () => {
  const idMap = {
    uids: [
      [0, 1000, 1],
      [1, 100000, 65536],
    ] as [number, number, number][],
    gids: [
      [0, 1000, 1],
      [1, 100000, 65536],
    ] as [number, number, number][],
  }

  test('keep-id: the own id in its place, the others around it', () => {
    const map = userMap('keep-id:uid=5,gid=0', idMap)
    expect(mappingOption(map.uids)).toBe('0:1:5:5:0:1:6:6:65531')
    expect(mappingOption(map.gids)).toBe('0:0:1:1:1:65536')
    expect(map.moved).toBe(true)
  })

  test('nomap: not the own id', () => {
    expect(userMap('nomap', idMap).uids).toEqual([{ containerID: 0, hostID: 1, size: 65536 }])
  })

  test('with one id nothing has to be moved', () => {
    const single = { uids: [[0, 1000, 1]], gids: [[0, 1000, 1]] } as typeof idMap
    expect(userMap('keep-id:uid=5,gid=5', single)).toEqual({
      uids: [{ containerID: 5, hostID: 0, size: 1 }],
      gids: [{ containerID: 5, hostID: 0, size: 1 }],
      moved: false,
    })
    expect(() => userMap('nomap', single)).toThrow(/needs subordinate ids/)
  })
})
