import type { Dockerfile, Instruction, Stage } from '../../dockerfile/ast.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'

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
  const index = findStage(dockerfile, target) ?? (/^\d+$/.test(target) ? Number(target) : -1)
  if (index >= 0 && index < stages.length) return index
  throw new DockerfileError(`target stage "${target}" could not be found`)
}

/** Throws for stages that stand on each other. */
export function checkCycles(dockerfile: Dockerfile, sourcesOf: SourcesOf): void {
  const done = new Set<number>()
  const visit = (index: number, above: ReadonlySet<number>): void => {
    if (above.has(index)) throw circular(dockerfile, index)
    if (done.has(index)) return
    const below = new Set([...above, index])
    for (const other of sourcesOf(index)) visit(other, below)
    done.add(index)
  }
  dockerfile.stages.forEach((_stage, index) => {
    visit(index, new Set())
  })
}

/** The stages that a stage needs, itself too, the first first. */
export function neededStages(target: number, sourcesOf: SourcesOf): number[] {
  const needed = new Set<number>()
  const visit = (index: number): void => {
    if (needed.has(index)) return
    needed.add(index)
    for (const other of sourcesOf(index)) visit(other)
  }
  visit(target)
  return [...needed].sort((one, other) => one - other)
}

/** What a stage stands on and takes files from. */
export type SourcesOf = (index: number) => number[]

function circular({ stages }: Dockerfile, index: number): DockerfileError {
  const name = stages[index]?.from.as ?? String(index)
  return new DockerfileError(`circular dependency detected on stage: ${name}`)
}

/** The stages that instructions of a stage take files from. */
export const stagesIn = (dockerfile: Dockerfile, { instructions }: Stage): number[] =>
  instructions.flatMap((instruction) =>
    namesIn(instruction).flatMap((name) => findSource(dockerfile, name) ?? []),
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
