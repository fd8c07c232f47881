import { join } from 'node:path'
import { planCgroup } from '../../container/plan-cgroup.ts'
import type { ContainerRecord } from '../../container/record.ts'
import type { Engine } from '../../engine.ts'
import { defaultEndpoint } from '../../network/endpoint.ts'
import { planNetwork } from '../../network/network.ts'
import type { NetworkPlan, Plan, StepPlan } from '../../runtime/plan.ts'

/** The way out of a step: the one that containers on the default network have. */
export const stepNetwork = (engine: Engine, mode: string): NetworkPlan =>
  planNetwork(
    mode,
    { endpoints: mode === 'bridge' ? [defaultEndpoint()] : [] },
    { uplink: engine.uplink(), uplinks: engine.native().uplinks },
  )

/** What the monitor is told of a step. */
export const stepPlan = (
  engine: Engine,
  record: ContainerRecord,
  rootfs: Plan['rootfs'],
  step: StepPlan,
): Plan => ({
  version: 1,
  id: record.id,
  dataDir: engine.paths.data,
  runtimeDir: engine.paths.runtime,
  idMap: engine.idMap(),
  rootfs,
  network: stepNetwork(engine, record.host.networkMode),
  stdio: { terminal: false, stdin: false, stdinOnce: false },
  autoRemove: false,
  removePaths: [],
  populate: [],
  user: record.config.user,
  groups: [],
  ...planCgroup(record.host.cgroupParent, true),
  step,
})

/** Where the parts of a step are below the directory that it was given. */
export interface StepPlaces {
  /** Bundle, plan and files of the step. */
  directory: string
  upper: string
  work: string
}

export const stepPlaces = (directory: string): StepPlaces => ({
  directory: join(directory, 'step'),
  upper: join(directory, 'upper'),
  work: join(directory, 'work'),
})
