import { createHash } from 'node:crypto'
import type { Dockerfile, Instruction } from '../../lib/dockerfile/ast.ts'

/** Instructions that are steps of their own; others only change what an image says. */
const STEPS: ReadonlySet<string> = new Set(['FROM', 'RUN', 'COPY', 'ADD', 'WORKDIR'])

/** An instruction on its way. */
export interface PlannedLine {
  /** As it is written. */
  text: string
  kind: Instruction['kind']
  /** Its first line in the file. */
  line: number
  /** Index of its stage; -1: before the first. */
  stage: number
  /** Whether a step is told of it. */
  isStep: boolean
  /** Of the instruction and those before it in its stage: there are no images between, whose ids Docker's first builder told here. */
  fingerprint: string
}

/** The instructions of the stages that are built, in their order. */
export function planLines(dockerfile: Dockerfile, stages: readonly number[]): PlannedLine[] {
  const before = dockerfile.metaArgs.map((instruction) => planLine(instruction, -1, ''))
  const lines = stages.flatMap((index) => {
    const stage = dockerfile.stages[index]
    let last = ''
    return [...(stage ? [stage.from, ...stage.instructions] : [])].map((instruction) => {
      const planned = planLine(instruction, index, last)
      last = planned.fingerprint
      return planned
    })
  })
  return [...before, ...lines]
}

function planLine(instruction: Instruction, stage: number, before: string): PlannedLine {
  const { kind, original, location } = instruction
  const hash = createHash('sha256').update(`${before}\n${original}`)
  return {
    text: original,
    kind,
    line: location.start,
    stage,
    isStep: STEPS.has(kind),
    fingerprint: hash.digest('hex').slice(0, 12),
  }
}
