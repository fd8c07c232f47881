import type { BuildOptions } from '../../lib/build/options.ts'
import type { VertexWarning } from '../../lib/build/progress.ts'
import type { ExportedImage } from '../../lib/build/result.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { parseTruth } from '../../lib/core/truth.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { type Call, readCall } from '../flags/build/call.ts'
import { readBuildOptions } from '../flags/build/options.ts'
import { untilInterrupted } from '../interrupt.ts'
import { chooseMode } from '../output/build/display.ts'
import { inBuildWords } from '../output/build/failure.ts'
import { removeIdFile, writeIdFile, writeMetadata } from '../output/build/result-files.ts'
import { type DisplayOptions, withDisplay } from '../output/build/with-display.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'
import { BareRefusal } from '../report.ts'

/** `build`: an image, or files, of a Dockerfile. Progress goes to standard error. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  checkBuildKit(context, process.env.DOCKER_BUILDKIT)
  return await withoutDaemon(() => inBuildWords(() => buildOrAnswer(context, parsed)), 'ERROR: ')
}

async function buildOrAnswer(context: Context, parsed: Parsed): Promise<number> {
  checkLegacyFlags(context, parsed)
  const options = readBuildOptions(parsed, process.env)
  const call = readCall(parsed)
  const idFile = parsed.string('iidfile')
  if (idFile) removeIdFile(idFile)
  const display = await chooseDisplay(context, parsed)
  return await untilInterrupted(context, async (signal) => {
    if (call) return await answer(context, options, call, display, signal)
    const built = await build(context, options, display, signal)
    finish(context, parsed, built, display.mode === 'quiet')
    return 0
  })
}

async function chooseDisplay(context: Context, parsed: Parsed): Promise<DisplayOptions> {
  const { name, driver } = await chooseBuilder(context, parsed)
  const progress = parsed.string('progress') ?? 'auto'
  const mode = chooseMode(progress, parsed.bool('quiet'), process.env.BUILDKIT_PROGRESS)
  return { mode, title: { builder: name, driver } }
}

interface Built {
  exported: readonly ExportedImage[]
  warnings: readonly VertexWarning[]
}

const build = (
  context: Context,
  options: BuildOptions,
  display: DisplayOptions,
  signal: AbortSignal,
): Promise<Built> =>
  withDisplay(context, display, async (progress) => {
    const { buildImages } = await import('../../lib/build/build.ts')
    const wanted = { ...options, keepFailed: context.debug }
    const { exported } = await buildImages(context.engine, wanted, progress, signal)
    return { exported, warnings: progress.trace.warnings }
  })

/** DOCKER_BUILDKIT chooses between two builders in Docker; here is one. Throws `usage` for what is no truth value. */
function checkBuildKit(context: Context, wish: string | undefined): void {
  if (wish === undefined) return
  const wanted = parseTruth(wish)
  if (wanted === undefined) {
    throw new BareRefusal([
      `DOCKER_BUILDKIT environment variable expects boolean value: strconv.ParseBool: parsing ${JSON.stringify(wish)}: invalid syntax`,
    ])
  }
  if (!wanted) {
    context.warn('WARNING: there is no legacy builder here: DOCKER_BUILDKIT=0 has no effect.')
  }
}

/** What BuildKit's client says of flags that it takes and does not need. */
const LEGACY: readonly [flag: string, warning: string][] = [
  ['isolation', 'isolation flag is deprecated with BuildKit.'],
  [
    'security-opt',
    'security-opt flag is deprecated. "RUN --security=insecure" should be used with BuildKit.',
  ],
  [
    'squash',
    'experimental flag squash is removed with BuildKit. You should squash inside build using a multi-stage Dockerfile for efficiency.',
  ],
]

function checkLegacyFlags(context: Context, parsed: Parsed): void {
  for (const [flag, warning] of LEGACY) if (parsed.given(flag)) context.warn(`WARNING: ${warning}`)
  if (!parsed.bool('disable-content-trust')) {
    throw new LighterError(
      'usage',
      'content trust is not supported with BuildKit: what base images must be signed by is said in policy.json',
    )
  }
}

/** What the caller gets beside the image: its id, and what else there is to tell of it. */
function finish(
  context: Context,
  parsed: Parsed,
  { exported, warnings }: Built,
  isQuiet: boolean,
): void {
  const image = exported.find(({ imageId }) => imageId !== undefined) ?? exported[0]
  const id = image?.imageId ?? image?.digest ?? ''
  if (isQuiet) context.print(id)
  const idFile = parsed.string('iidfile')
  if (idFile) writeIdFile(idFile, id)
  const metadataFile = parsed.string('metadata-file')
  if (metadataFile) writeMetadata(metadataFile, exported, warnings)
}

/** `--call`: what is asked of the Dockerfile is answered on standard output. */
async function answer(
  context: Context,
  options: BuildOptions,
  call: Call,
  display: DisplayOptions,
  signal: AbortSignal,
): Promise<number> {
  const { text, exitCode } = await withDisplay(context, display, async (progress) => {
    const { readDockerfile } = await import('../../lib/build/read-dockerfile.ts')
    const { answerCall } = await import('../output/build/call.ts')
    const asked = await readDockerfile(context.engine, options, progress, {
      signal,
      check: call.method === 'check',
    })
    return await answerCall(asked, options, call)
  })
  writeOut(text)
  return exitCode
}
