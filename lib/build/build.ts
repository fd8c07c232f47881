import { existsSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'
import { parseTruth } from '../core/truth.ts'
import type { Dockerfile } from '../dockerfile/ast.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import type { Engine } from '../engine.ts'
import { hostPlatform, type Platform, parsePlatform } from '../oci/platform.ts'
import { buildPlatform, type PlatformBuild } from './build-platform.ts'
import { parseNamedContext } from './context/named-context.ts'
import { openContext } from './context/open.ts'
import type { ImportedCache } from './export/cache-entry.ts'
import { checkOutputs, exportBuild, wantsArchives } from './export/export.ts'
import type { BuildFacts } from './export/provenance.ts'
import { BaseImages } from './images.ts'
import { OutsideInputs } from './inputs.ts'
import type { BuildOptions } from './options.ts'
import type { BuildProgress } from './progress.ts'
import { readDefinition, withSource } from './read-definition.ts'
import type { ExportedImage } from './result.ts'
import { BuildSession } from './session.ts'
import { Reporter } from './solver/reporter.ts'
import { Solver } from './solver/solver.ts'
import { StepsTogether } from './solver/together.ts'
import { openSurroundings } from './surroundings.ts'
import { ignoresOf, tellUnusedArguments, tellWarnings } from './warnings.ts'

/** What a build made: one of each output. */
export interface BuildOutcome {
  exported: readonly ExportedImage[]
}

/**
 * Builds what a Dockerfile says, for each platform, and gives it away as each output wants it. Throws `DockerfileError` for what the
 * Dockerfile, the context or a step has wrong, and what registries, the host and the disk have against it. `together`: what builds beside
 * it share.
 */
export async function buildImages(
  engine: Engine,
  given: BuildOptions,
  progress: BuildProgress,
  abort?: AbortSignal,
  together = new StepsTogether(),
): Promise<BuildOutcome> {
  const startedAt = new Date()
  const options = withInlineCache(given)
  const platforms = platformsOf(options)
  checkOutputs(options, platforms.length)
  if (options.cacheFrom.length + options.cacheTo.length > 0)
    (await import('./cache/remote.ts')).checkCaches(options)
  await using session = new BuildSession(engine, abort, options.keepFailed)
  checkContexts(options)
  await using ending = new AsyncDisposableStack()
  const { signal } = session
  const surroundings = openSurroundings(engine, options)
  ending.defer(() => surroundings.close())
  const reporter = new Reporter(progress)
  const opened = await openContext(engine, options, { given: surroundings, reporter, signal })
  ending.defer(() => opened.release())
  const dockerfile = readDefinition(opened)
  const imports = await importCaches(engine, options, progress, signal)
  const epoch = readEpoch(options)
  const solver = new Solver({ session, progress, imports, surroundings, together, epoch })
  const images = new BaseImages(session, progress, options.pull)
  const inputs = new OutsideInputs({ engine, session, images, opened, options, surroundings })
  try {
    await tellWarnings(progress, dockerfile, options, {
      imageOf: (name, platform) => images.configOf(name, platform),
      ignores: ignoresOf(opened.ignored),
    })
    const showPlatform = platforms.length > 1
    const archived = wantsArchives(options)
    const onStages = (indices: readonly number[]) => progress.plan?.(dockerfile, indices)
    const shared = { session, solver, dockerfile, options, inputs, epoch, showPlatform, archived }
    const built = await Promise.all(
      platforms.map((platform) => buildPlatform({ ...shared, platform, onStages })),
    )
    tellUnusedArguments(progress, options, built)
    const facts = factsOf(dockerfile, startedAt, epoch)
    return {
      exported: await giveAway(engine, { options, facts, built, solver, session, progress }),
    }
  } catch (error) {
    session.stop(error)
    await solver.settle()
    throw opened.explain(withSource(error, dockerfile))
  }
}

/** The build argument that asks for a cache in the image, as BuildKit's clients know it. */
function withInlineCache(options: BuildOptions): BuildOptions {
  const { buildArgs, cacheTo } = options
  if (!parseTruth(buildArgs.BUILDKIT_INLINE_CACHE ?? '')) return options
  return { ...options, cacheTo: [...cacheTo, { type: 'inline', attributes: {} }] }
}

/** A directory that is not there is missed at once, whoever wants it. */
function checkContexts({ contexts }: BuildOptions): void {
  for (const [name, value] of Object.entries(contexts)) {
    const context = parseNamedContext(value)
    if (context.type !== 'directory' || existsSync(context.path)) continue
    throw new LighterError(
      'usage',
      `failed to get build context ${name}: stat ${context.path}: no such file or directory`,
    )
  }
}

const platformsOf = ({ platforms }: BuildOptions): Platform[] =>
  platforms.length > 0 ? platforms.map(parsePlatform) : [hostPlatform()]

async function importCaches(
  engine: Engine,
  { cacheFrom }: BuildOptions,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<ImportedCache[]> {
  if (cacheFrom.length === 0) return []
  const { importAll } = await import('./cache/remote.ts')
  return await importAll(engine, cacheFrom, progress, signal)
}

interface Given {
  options: BuildOptions
  facts: BuildFacts
  built: readonly PlatformBuild[]
  solver: Solver
  session: BuildSession
  progress: BuildProgress
}

async function giveAway(
  engine: Engine,
  { options, facts, built, solver, session, progress }: Given,
): Promise<ExportedImage[]> {
  const { cacheTo } = options
  const images = built.map(({ image }) => image)
  const caches = cacheTo.length > 0 ? await import('./cache/remote.ts') : undefined
  const entries = caches ? await solver.entries() : []
  const inlineCache = caches?.inlineOf(cacheTo, entries, images)
  const { signal } = session
  const exported = await exportBuild(
    engine,
    images,
    { options, facts, inlineCache },
    progress,
    signal,
  )
  await caches?.exportAll(engine, { cacheTo, entries, images, progress, signal })
  return exported
}

const factsOf = (
  { name, lines }: Dockerfile,
  startedAt: Date,
  epoch: number | undefined,
): BuildFacts => ({
  startedAt,
  finishedAt: new Date(),
  epoch: epoch === undefined ? undefined : new Date(epoch * 1000),
  dockerfile: { name, text: lines.join('\n') },
})

/** Seconds since 1970 that nothing may be newer than: SOURCE_DATE_EPOCH. */
function readEpoch({ buildArgs }: BuildOptions): number | undefined {
  const text = buildArgs.SOURCE_DATE_EPOCH ?? ''
  if (text === '') return undefined
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new DockerfileError(`invalid SOURCE_DATE_EPOCH: ${text}`)
}
