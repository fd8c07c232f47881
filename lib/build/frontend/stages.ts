import type { Dockerfile, Instruction, Stage } from '../../dockerfile/ast.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { MAX_DEPTH } from '../graph.ts'

/** The last stage of a name, of those before `before`. */
export function findStage(
  { stages }: Dockerfile,
  name: string,
  before = stages.length,
): number | undefined {
  const wanted = name.toLowerCase()
  const found = stages.slice(0, before).findLastIndex(({ from }) => from.as === wanted)
  return found < 0 ? undefined : found
}

/** The stage that COPY or a mount names, by name or by number. `undefined`: that is none, but an image. Throws for a number too large. */
export function findSource(dockerfile: Dockerfile, name: string): number | undefined {
  if (!/^[+-]?\d+$/.test(name)) return findStage(dockerfile, name)
  const index = Number(name)
  if (index >= 0 && index < dockerfile.stages.length) return index
  throw new DockerfileError(`invalid stage index ${index}`)
}

/** The index of the stage that is built. Throws for a target that is not there. */
export function findTarget(dockerfile: Dockerfile, target: string | undefined): number {
  const { stages } = dockerfile
  if (target === undefined || target === '') return stages.length - 1
  const index = findStage(dockerfile, target)
  if (index !== undefined) return index
  throw new DockerfileError(`target stage "${target}" could not be found`)
}

/** Throws for stages that stand on each other, and for more on top of each other than a program can follow. */
export function checkCycles(dockerfile: Dockerfile, sourcesOf: SourcesOf): void {
  /** How many stages each stands on, one on the other. */
  const depths = new Map<number, number>()
  const visit = (index: number, above: ReadonlySet<number>): number => {
    if (above.has(index)) throw circular(dockerfile, index)
    const known = depths.get(index)
    if (known !== undefined) return known
    const below = new Set([...above, index])
    const others = above.size > MAX_DEPTH ? [] : sourcesOf(index)
    const depth = others.reduce((most, other) => Math.max(most, visit(other, below) + 1), 0)
    if (depth > MAX_DEPTH || above.size > MAX_DEPTH)
      throw new DockerfileError('max depth exceeded', dockerfile.stages[index]?.from.location)
    depths.set(index, depth)
    return depth
  }
  dockerfile.stages.forEach((_stage, index) => {
    visit(index, new Set())
  })
}

/** The stages that a stage needs, itself too, the first first. */
export function neededStages(target: number, sourcesOf: SourcesOf): number[] {
  const needed = new Set<number>()
  const found = [target]
  for (let index = found.pop(); index !== undefined; index = found.pop()) {
    if (needed.has(index)) continue
    needed.add(index)
    found.push(...sourcesOf(index))
  }
  return [...needed].sort((one, other) => one - other)
}

/** What a stage stands on and takes files from. */
export type SourcesOf = (index: number) => number[]

function circular({ stages }: Dockerfile, index: number): DockerfileError {
  const stage = stages[index]
  const name = stage?.from.as ?? `stage-${index}`
  const location = stage?.instructions.findLast((one) => namesIn(one).length > 0)?.location
  return new DockerfileError(
    `circular dependency detected on stage: ${name}`,
    location ?? stage?.from.location,
  )
}

/** The stages that instructions of a stage take files from. */
export const stagesIn = (dockerfile: Dockerfile, { instructions }: Stage): number[] =>
  instructions.flatMap((instruction) =>
    namesIn(instruction).flatMap((name) => findSource(dockerfile, name) ?? []),
  )

/** Whether a stage names something that it takes files from, or mounts anything. */
export const takesFromElsewhere = ({ instructions }: Stage): boolean =>
  instructions.some(
    (instruction) =>
      namesIn(instruction).length > 0 ||
      (instruction.kind === 'RUN' && instruction.mounts.length > 0),
  )

/** What an instruction takes files from. */
export function namesIn(instruction: Instruction): string[] {
  if (instruction.kind === 'COPY' || instruction.kind === 'ADD')
    return instruction.from === undefined ? [] : [instruction.from]
  if (instruction.kind !== 'RUN') return []
  return instruction.mounts.flatMap(({ options }) =>
    options.flatMap(({ key, value }) => (key === 'from' && value ? [value] : [])),
  )
}
