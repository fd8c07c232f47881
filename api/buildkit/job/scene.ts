import type { Engine } from '../../../lib/engine.ts'
import type { ClientSession } from '../session/session.ts'
import type { BuildKitState } from '../state.ts'
import type { Job } from './jobs.ts'

/** What a build works with. */
export interface BuildScene {
  engine: Engine
  state: BuildKitState
  session: ClientSession
  job: Job
  /** Ours, for as long as the build lasts. */
  directory: string
  signal: AbortSignal
}
