import type { Engine } from '../engine.ts'
import type { OpenedContext } from './context/open.ts'
import type { BaseImages } from './images.ts'
import type { BuildOptions } from './options.ts'
import type { BuildSession } from './session.ts'
import type { StepSurroundings } from './solver/execute-run.ts'

/** What is needed to get at what is outside of a Dockerfile. */
export interface OutsideRequest {
  engine: Engine
  session: BuildSession
  images: BaseImages
  opened: OpenedContext
  options: BuildOptions
  surroundings: StepSurroundings
}
