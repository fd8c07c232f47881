import type { Digest } from '../../core/ids.ts'
import type { Arg, Instruction, Stage } from '../../dockerfile/ast.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import type { Step } from '../graph.ts'
import type { Environment } from './scope.ts'
import type { Settings } from './settings.ts'

/** A line of an image's history that is not written yet: when its step was done is only known then. */
export interface HistoryLine {
  createdBy: string
  comment: string
  /** What made its layer; `undefined`: an empty one. */
  step: Step | undefined
}

/** A stage while its instructions are gone through. */
export interface StageState {
  stage: Stage
  index: number
  /** As progress shows it; empty where there is one stage only. */
  label: string
  platform: Platform
  /** Steps of it that progress counts, and how many were named. */
  total: number
  named: number
  files: Step
  settings: Settings
  /** ENV, and ARG as far as it has been read. */
  env: Environment
  args: Arg['args']
  /** Lines of the image that it begins with are there already, as they are. */
  baseHistory: readonly unknown[]
  history: HistoryLine[]
  /** diffIDs of the image that it begins with. */
  baseLayers: readonly Digest[]
  fresh: boolean
}

const COMMENT = 'buildkit.dockerfile.v0'

/** Remembers an instruction that made a layer, or with `step` `undefined` one that only changed settings. */
export function addHistory(state: StageState, createdBy: string, step?: Step): void {
  state.history.push({ createdBy, comment: COMMENT, step })
}

/** What progress calls the next step: `[stage 2/5] RUN make`. */
export function stepName(state: StageState, text: string, showPlatform: boolean): string {
  state.named += 1
  const width = String(state.total).length
  const count = `${String(state.named).padStart(width)}/${state.total}`
  const platform = showPlatform ? formatPlatform(state.platform) : ''
  return `[${[platform, state.label, count].filter(Boolean).join(' ')}] ${text}`
}

/** How many steps progress counts: what makes layers; the image that a stage begins with is one more. */
export const countSteps = ({ instructions }: Stage, extra: readonly Instruction[]): number =>
  [...extra, ...instructions].filter(({ kind }) => LAYERS.has(kind)).length

const LAYERS: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD', 'WORKDIR'])
