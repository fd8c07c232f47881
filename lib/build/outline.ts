import type { Arg, Dockerfile, Instruction, Location, Run, Stage } from '../dockerfile/ast.ts'
import { formatPlatform, hostPlatform, parsePlatform } from '../oci/platform.ts'
import { globalArgs } from './frontend/global-args.ts'
import { type Environment, Expander } from './frontend/scope.ts'
import { findStage, findTarget, stagesIn, neededStages as stagesNeeded } from './frontend/stages.ts'
import type { BuildOptions } from './options.ts'

/** A stage as `--call=targets` lists it. */
export interface Target {
  /** `''`: it has none. */
  name: string
  /** It is what is built without `--target`. */
  isDefault: boolean
  /** What its comment says: `# NAME …` right above it. */
  description: string
  base: string
  platform: string
  location: Location
}

export interface OutlineArg {
  name: string
  value: string
  description: string
  location: Location
}

/** A secret, an agent or a cache that steps of a target ask for. */
export interface OutlineMount {
  name: string
  isRequired: boolean
  location: Location
}

/** What a target can be given, for `--call=outline`. */
export interface Outline {
  name: string
  description: string
  args: OutlineArg[]
  secrets: OutlineMount[]
  ssh: OutlineMount[]
  caches: OutlineMount[]
}

/** All stages, in the order of the file. */
export const targetsOf = ({ stages }: Dockerfile): Target[] =>
  stages.map(({ from }, index) => ({
    name: from.as ?? '',
    isDefault: index === stages.length - 1,
    description: from.as === undefined ? '' : describe(from.comments, from.as),
    base: from.base,
    platform: from.platform ?? '',
    location: from.location,
  }))

/** What the target and the stages that it needs take. Throws `DockerfileError` for a target that is not there. */
export function outlineOf(
  dockerfile: Dockerfile,
  { target, buildArgs, platforms }: Pick<BuildOptions, 'target' | 'buildArgs' | 'platforms'>,
): Outline {
  const index = findTarget(dockerfile, target)
  const stages = neededStages(dockerfile, index)
  const expander = new Expander(dockerfile.directives.escape)
  const [platform = formatPlatform(hostPlatform())] = platforms
  const env = globalArgs(
    dockerfile,
    { build: hostPlatform(), target: parsePlatform(platform) },
    { buildArgs, target },
    expander,
  )
  const own = dockerfile.stages[index]?.from
  const runs = stages.flatMap(({ instructions }) => instructions.filter(isRun))
  return {
    name: own?.as ?? '',
    description: own?.as === undefined ? '' : describe(own.comments, own.as),
    args: [
      ...globalArgsOf(dockerfile, stages, env),
      ...stageArgs(stages, buildArgs, env, expander),
    ],
    secrets: mountsOf(runs, 'secret'),
    ssh: mountsOf(runs, 'ssh'),
    caches: mountsOf(runs, 'cache'),
  }
}

const isRun = (instruction: Instruction): instruction is Run => instruction.kind === 'RUN'

/** `# NAME what it is for` */
function describe(comments: readonly string[], name: string): string {
  const own = comments.find((comment) => comment.startsWith(`${name} `))
  return own?.slice(name.length + 1).trim() ?? ''
}

/** The stage and those that it stands on or takes files from, in the order of the file. */
function neededStages(dockerfile: Dockerfile, target: number): Stage[] {
  const needed = stagesNeeded(target, (index) => {
    const stage = dockerfile.stages[index]
    if (!stage) return []
    const base = findStage(dockerfile, stage.from.base, index)
    return [...(base === undefined ? [] : [base]), ...stagesIn(dockerfile, stage)]
  })
  return needed.flatMap((index) => dockerfile.stages[index] ?? [])
}

/** Of the ARGs before the first FROM those that the stages use. */
function globalArgsOf(
  { metaArgs }: Dockerfile,
  stages: readonly Stage[],
  env: Environment,
): OutlineArg[] {
  const froms = stages.map(({ from }) => `${from.base} ${from.platform ?? ''}`).join(' ')
  const inherited = new Set(
    stages.flatMap(({ instructions }) =>
      instructions
        .filter(isArg)
        .flatMap(({ args }) =>
          args.filter(({ value }) => value === undefined).map(({ key }) => key),
        ),
    ),
  )
  const isUsed = (key: string): boolean =>
    inherited.has(key) || new RegExp(`\\$\\{?${key}\\b`).test(froms)
  return metaArgs.flatMap((arg) =>
    arg.args
      .filter(({ key }) => isUsed(key))
      .map(({ key }) => outlineArg(arg, key, env.get(key) ?? '')),
  )
}

const isArg = (instruction: Instruction): instruction is Arg => instruction.kind === 'ARG'

const outlineArg = ({ comments, location }: Arg, name: string, value: string): OutlineArg => ({
  name,
  value,
  description: describe(comments, name),
  location,
})

function stageArgs(
  stages: readonly Stage[],
  buildArgs: Readonly<Record<string, string>>,
  globals: Environment,
  expander: Expander,
): OutlineArg[] {
  const found = new Map<string, OutlineArg>()
  for (const { instructions } of stages) {
    const env = globals.copy()
    for (const arg of instructions.filter(isArg)) {
      for (const { key, value } of arg.args) {
        const given = Object.hasOwn(buildArgs, key) ? buildArgs[key] : undefined
        const text = given ?? (value === undefined ? undefined : expander.word(value, env))
        if (text !== undefined) env.set(key, text)
        // What only takes over a global ARG is listed there.
        if (value === undefined && globals.get(key) !== undefined) continue
        if (!found.has(key)) found.set(key, outlineArg(arg, key, text ?? ''))
      }
    }
  }
  return [...found.values()]
}

/** One row for each name; it is required when one step says so. */
function mountsOf(runs: readonly Run[], type: 'secret' | 'ssh' | 'cache'): OutlineMount[] {
  const found = new Map<string, OutlineMount>()
  for (const { mounts, location } of runs) {
    for (const { options } of mounts) {
      const value = (key: string): string | undefined =>
        options.find((option) => option.key === key)?.value
      if ((value('type') ?? 'bind') !== type) continue
      const target = value('target') ?? value('dst') ?? value('destination')
      const name = value('id') ?? (type === 'ssh' ? 'default' : (target ?? ''))
      const required = options.find(({ key }) => key === 'required')
      const isRequired = required !== undefined && required.value !== 'false'
      const known = found.get(name)
      found.set(
        name,
        known
          ? { ...known, isRequired: known.isRequired || isRequired }
          : { name, isRequired, location },
      )
    }
  }
  return [...found.values()]
}
