import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { readCgroups, readResourceFacts, unifiedPath } from '../host/cgroups.ts'
import type { Container } from './catalog.ts'
import { changeContainer, changeLimits, changePlan } from './change.ts'
import { recordContainerEvent } from './events.ts'
import { checkResources, type Resources } from './resources.ts'
import { checkNewPolicy } from './restart-policy.ts'
import { buildResources } from './spec/resources.ts'
import { isLive, readState } from './state.ts'
import type { RestartPolicy } from './supervision.ts'

/** What `update` gives a container. */
export interface ContainerUpdate {
  limits: Resources
  policy: RestartPolicy | undefined
}

/**
 * Changes the limits and the restart policy of a container: in its record, and of what runs. Returns what was left out. Throws
 * `bad-input` with Docker's sentences; nothing is changed then.
 */
export async function updateContainer(
  engine: Engine,
  container: Container,
  update: ContainerUpdate,
): Promise<string[]> {
  return await changeContainer(engine, container, async (held) => {
    const { record, directory } = held
    const before = record.host.resources ?? {}
    const facts = readResourceFacts(process.getuid?.() ?? 0)
    const { resources, warnings } = checkResources(update.limits, facts, before)
    const after = mergeLimits(before, resources, record.id)
    const policy = update.policy && checkNewPolicy(record, update.policy)
    const host = {
      ...record.host,
      resources: after,
      ...(policy ? { restartPolicy: policy } : {}),
    }
    held.save({ ...record, host })
    // Whoever started it from the old record runs by now; from the new one it has the limits.
    await held.settled()
    const state = readState(directory)
    try {
      if (state.status === 'running') applyLimits(state.process.pid, record.id, resources, after)
      if (isLive(state)) changeLimits(directory, buildResources(host))
    } catch (error) {
      held.save(record)
      throw error
    }
    if (policy) {
      const restart = { policy: policy.name, maximum: policy.maximumRetryCount }
      changePlan(directory, { restart })
    }
    recordContainerEvent(engine.paths.data, record, 'update')
    return warnings
  })
}

/** The limits afterwards. Throws `bad-input` for what contradicts those in force. */
export function mergeLimits(before: Resources, change: Resources, id: string): Resources {
  const refuse = (reason: string): LighterError =>
    new LighterError('conflict', `Cannot update container ${id}: ${reason}`)
  const quota = before.cpuQuota ?? 0
  const conflict = (changed: string, set: string): LighterError =>
    refuse(`Conflicting options: ${changed} cannot be updated as ${set} has already been set`)
  if (change.nanoCpus && quota > 0) throw conflict('Nano CPUs', 'CPU Quota')
  if (change.nanoCpus && (before.cpuPeriod ?? 0) > 0) throw conflict('Nano CPUs', 'CPU Period')
  if (change.cpuQuota && (before.nanoCpus ?? 0) > 0) throw conflict('CPU Quota', 'NanoCPUs')
  if (change.cpuPeriod && (before.nanoCpus ?? 0) > 0) throw conflict('CPU Period', 'NanoCPUs')
  const after = { ...before, ...change }
  const swap = before.memorySwap ?? 0
  if (change.memory && swap > 0 && change.memory > swap && !change.memorySwap) {
    throw refuse(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    )
  }
  return after
}

/** A kernel without swap accounting; a scheduler that has other weights. */
const MAY_BE_ABSENT: ReadonlySet<string> = new Set([
  'memory.swap.max',
  'io.weight',
  'io.bfq.weight',
])

/** A running container's cgroup has the limits at once; without one of its own there is nothing to be limited. */
function applyLimits(pid: number, id: string, change: Resources, after: Resources): void {
  const settings = cgroupSettings(change, after)
  if (settings.length === 0) return
  const { mount } = readCgroups(process.getuid?.() ?? 0)
  const own = unifiedPath(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))
  if (!mount || !own?.includes(id)) return
  for (const [file, value] of settings) {
    try {
      // Not made where it is not there: the kernel's answer to that would be another.
      writeFileSync(join(mount, own, file), value, { flag: 'r+' })
    } catch (error) {
      if (isErrno(error, 'ENOENT') && MAY_BE_ABSENT.has(file)) continue
      throw new LighterError(
        'bad-input',
        `Cannot update container ${id}: failed to write "${value}": write ${join(mount, own, file)}: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }
}

const PERIOD = 100_000

/** Files of cgroup v2 and what they are to hold. The scales of shares and weights are those of native/src/spec_resources.c. */
export function cgroupSettings(change: Resources, after: Resources): [string, string][] {
  const settings: [string, string][] = []
  const limit = (value: number): string => (value < 0 ? 'max' : String(value))
  if (change.memory) settings.push(['memory.max', limit(change.memory)])
  if (change.memorySwap) {
    const swap = change.memorySwap < 0 ? -1 : change.memorySwap - (after.memory ?? 0)
    settings.push(['memory.swap.max', limit(swap)])
  }
  if (change.memoryReservation) settings.push(['memory.low', limit(change.memoryReservation)])
  if (change.cpuShares) {
    const shares = Math.min(Math.max(change.cpuShares, 2), 262144)
    settings.push(['cpu.weight', String(1 + Math.floor(((shares - 2) * 9999) / 262142))])
  }
  if (change.nanoCpus !== undefined || change.cpuQuota || change.cpuPeriod) {
    const nano = after.nanoCpus ?? 0
    const quota = nano > 0 ? Math.floor((nano * PERIOD) / 1e9) : (after.cpuQuota ?? 0)
    const period = nano > 0 ? PERIOD : after.cpuPeriod || PERIOD
    settings.push(['cpu.max', `${quota > 0 ? quota : 'max'} ${period}`])
  }
  if (change.cpusetCpus) settings.push(['cpuset.cpus', change.cpusetCpus])
  if (change.cpusetMems) settings.push(['cpuset.mems', change.cpusetMems])
  if (change.pidsLimit !== undefined) {
    settings.push(['pids.max', limit(change.pidsLimit || -1)])
  }
  if (change.blkioWeight) {
    settings.push(['io.bfq.weight', `default ${change.blkioWeight}`])
    settings.push([
      'io.weight',
      `default ${1 + Math.floor(((change.blkioWeight - 10) * 9999) / 990)}`,
    ])
  }
  return settings
}
