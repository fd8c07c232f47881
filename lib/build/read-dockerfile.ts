import type { Dockerfile } from '../dockerfile/ast.ts'
import type { LintReport } from '../dockerfile/lint.ts'
import type { Engine } from '../engine.ts'
import { checkDockerfile } from './checks.ts'
import { openContext } from './context/open.ts'
import { BaseImages } from './images.ts'
import type { BuildOptions } from './options.ts'
import type { BuildProgress } from './progress.ts'
import { readDefinition, withSource } from './read-definition.ts'
import { BuildSession } from './session.ts'
import { Reporter } from './solver/reporter.ts'
import { openSurroundings } from './surroundings.ts'

/** A Dockerfile that is only asked about. */
export interface AskedDockerfile {
  dockerfile: Dockerfile
  /** `undefined`: its rules were not asked for. */
  report: LintReport | undefined
}

/**
 * Reads the Dockerfile that a build would be of, and checks it where that is wanted. Throws `DockerfileError` for what is wrong with it
 * or its context.
 */
export async function readDockerfile(
  engine: Engine,
  options: BuildOptions,
  progress: BuildProgress,
  { signal, check }: { signal: AbortSignal; check: boolean },
): Promise<AskedDockerfile> {
  await using session = new BuildSession(engine, signal)
  await using ending = new AsyncDisposableStack()
  const given = openSurroundings(engine, options)
  ending.defer(() => given.close())
  const opened = await openContext(engine, options, {
    given,
    reporter: new Reporter(progress),
    signal: session.signal,
  })
  try {
    const dockerfile = readDefinition(opened)
    if (!check) return { dockerfile, report: undefined }
    const images = new BaseImages(session, progress, options.pull)
    const imageOf = async (name: string, platform: Parameters<BaseImages['find']>[1]) =>
      (await images.find(name, platform, (full) => full)).config
    const report = await checkDockerfile(dockerfile, options, { imageOf }).catch((error) => {
      throw withSource(error, dockerfile)
    })
    return { dockerfile, report }
  } finally {
    await opened.release()
  }
}
