import type { Dockerfile } from '../dockerfile/ast.ts'
import type { BaseImageFacts, LintFacts } from '../dockerfile/lint/facts.ts'
import type { LintReport } from '../dockerfile/lint.ts'
import type { ImageConfig } from '../oci/image.ts'
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import { globalArgs } from './frontend/global-args.ts'
import { type Environment, Expander } from './frontend/scope.ts'
import { startSettings } from './frontend/settings.ts'
import { findStage, findTarget, stagesIn, neededStages as stagesNeeded } from './frontend/stages.ts'
import type { BuildOptions } from './options.ts'

/** What a check asks of what is not the Dockerfile. */
export interface CheckSurroundings {
  /** The configuration of an image; `undefined`: nothing is known of it. */
  imageOf(name: string, platform: Platform): Promise<ImageConfig | undefined>
  /** As `LintFacts` has it. */
  ignores?: LintFacts['ignores']
}

type Wanted = Pick<BuildOptions, 'target' | 'buildArgs' | 'platforms' | 'contexts'>

/** Where a stage begins. */
type Base = ReturnType<LintFacts['baseOf']>

/** Checks a Dockerfile by the rules of Docker's build checks. Throws `DockerfileError` for a target that is not there. */
export async function checkDockerfile(
  dockerfile: Dockerfile,
  options: Wanted,
  surroundings: CheckSurroundings,
): Promise<LintReport> {
  const target = parsePlatform(options.platforms[0] ?? formatPlatform(hostPlatform()))
  const platforms = { build: hostPlatform(), target }
  const expander = new Expander(dockerfile.directives.escape)
  const globals = globalArgs(dockerfile, platforms, options, expander)
  const needed = neededStages(dockerfile, options, globals, expander)
  const bases = await Promise.all(
    dockerfile.stages.map(({ from }, index): Base | Promise<Base> => {
      const name = expander.word(from.base, globals)
      const stage = findStage(dockerfile, name, index)
      if (stage !== undefined) return { stage }
      const isKnown = needed.has(index) && !Object.hasOwn(options.contexts, name)
      const said = from.platform && expander.word(from.platform, globals)
      return isKnown ? imageBase(name, said, target, surroundings) : { image: undefined }
    }),
  )
  const { lint } = await import('../dockerfile/lint.ts')
  return lint(dockerfile, {
    predefined: globalArgs({ ...dockerfile, metaArgs: [] }, platforms, options, expander).asMap(),
    buildArgs: new Map(Object.entries(options.buildArgs)),
    targetPlatform: formatPlatform(target),
    needs: (index) => needed.has(index),
    baseOf: (index) => bases[index] ?? { image: undefined },
    isReference,
    parsePlatform: platformOf,
    ignores: surroundings.ignores,
  })
}

/** Those that the target stands on or takes files from, and itself. */
function neededStages(
  dockerfile: Dockerfile,
  { target }: Wanted,
  globals: Environment,
  expander: Expander,
): Set<number> {
  const needed = stagesNeeded(findTarget(dockerfile, target), (index) => {
    const stage = dockerfile.stages[index]
    if (!stage) return []
    const base = findStage(dockerfile, expander.word(stage.from.base, globals), index)
    return [...(base === undefined ? [] : [base]), ...stagesIn(dockerfile, stage)]
  })
  return new Set(needed)
}

async function imageBase(
  name: string,
  said: string | undefined,
  target: Platform,
  { imageOf }: CheckSurroundings,
): Promise<Base> {
  if (name === 'scratch') return { image: factsOf(undefined) }
  const platform = said ? platformOf(said) : target
  // What is wrong with an image is for the build to say.
  const config = platform && (await imageOf(name, platform).catch(() => undefined))
  return { image: config && factsOf(config) }
}

function factsOf(config: ImageConfig | undefined): BaseImageFacts {
  const { env, shell } = startSettings(config)
  return {
    env: env.asMap(),
    hasShell: shell !== null && shell.length > 0,
    platform: config && formatPlatform(config.platform),
  }
}

function isReference(name: string): boolean {
  try {
    parseReference(name)
    return true
  } catch {
    return false
  }
}

function platformOf(text: string): Platform | undefined {
  try {
    return parsePlatform(text)
  } catch {
    return undefined
  }
}
