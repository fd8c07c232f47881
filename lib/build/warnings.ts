import type { Dockerfile } from '../dockerfile/ast.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import type { PlatformBuild } from './build-platform.ts'
import { type CheckSurroundings, checkDockerfile } from './checks.ts'
import type { IgnoreFile } from './context/ignore.ts'
import { isLeftOut } from './context/open.ts'
import { PROXY_ARGS } from './frontend/global-args.ts'
import type { BuildOptions } from './options.ts'
import type { BuildProgress } from './progress.ts'

/** Arguments that builds know without an ARG. */
const KNOWN_ARGS: ReadonlySet<string> = new Set([
  ...PROXY_ARGS,
  'SOURCE_DATE_EPOCH',
  ...['PLATFORM', 'OS', 'ARCH', 'VARIANT'].flatMap((name) => [`BUILD${name}`, `TARGET${name}`]),
])

/** Tells of build arguments that no ARG asked for. */
export function tellUnusedArguments(
  progress: BuildProgress,
  { buildArgs }: BuildOptions,
  built: readonly PlatformBuild[],
): void {
  const unused = Object.keys(buildArgs).filter(
    (name) =>
      !KNOWN_ARGS.has(name) &&
      !name.startsWith('BUILDKIT_') &&
      !built.some(({ usedArgs }) => usedArgs.has(name)),
  )
  if (unused.length === 0) return
  progress.warning({
    vertex: '',
    level: 1,
    rule: '',
    short: `One or more build-args [${unused.sort().join(' ')}] were not consumed`,
    detail: '',
    url: '',
    file: '',
    start: 0,
    end: 0,
  })
}

/** What an ignore file leaves out; `undefined`: nothing, or it has exceptions, which make that hard to say. */
export function ignoresOf(
  ignored: IgnoreFile | undefined,
): ((path: string) => boolean) | undefined {
  if (!ignored || ignored.patterns.some((pattern) => pattern.startsWith('!'))) return undefined
  return (path) => isLeftOut(ignored, path)
}

/** Tells which rules of build checks a Dockerfile breaks. Throws for one that wants to be refused for it. */
export async function tellWarnings(
  progress: BuildProgress,
  dockerfile: Dockerfile,
  options: BuildOptions,
  surroundings: CheckSurroundings,
): Promise<void> {
  const { warnings, error } = await checkDockerfile(dockerfile, options, surroundings)
  for (const { message: _message, ...warning } of warnings)
    progress.warning({ ...warning, vertex: '' })
  if (error !== undefined) throw new DockerfileError(error)
}
