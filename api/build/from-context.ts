import { buildImages } from '../../lib/build/build.ts'
import type { BuildOptions } from '../../lib/build/options.ts'
import type { BuildProgress } from '../../lib/build/progress.ts'
import { familiarReference, parseReference, withDefaultTag } from '../../lib/oci/reference.ts'
import type { FindCredentials } from '../../lib/registry/credential.ts'
import type { Call } from '../http/call.ts'
import { ApiError, failureOf, isFault } from '../http/errors.ts'
import { ProgressStream } from '../images/progress.ts'
import { withRegistry } from '../images/registry-work.ts'
import { ClassicProgress } from './classic.ts'
import { asAnswer, describeFailure } from './failure.ts'
import { unusedLimits } from './options.ts'
import { register } from './running.ts'

/**
 * Builds and tells it, in the words of the builder that the call asks for, until the client is gone or stops it by its id.
 * `credentials`: for registries; without them they are the user's. `send` gives the client what was made for it.
 */
export async function buildFromContext(
  call: Call,
  options: BuildOptions,
  credentials: FindCredentials | undefined,
  send: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { engine, query, service } = call
  const stop = new AbortController()
  const signal = AbortSignal.any([call.signal, stop.signal])
  using _ = register(service, query.text('buildid'), stop)
  const stream = new ProgressStream(call.reply)
  const teller = await openTeller(call, stream)
  try {
    const { exported } = await withRegistry({ engine, signal }, credentials, (own) =>
      buildImages(own, options, teller.progress, signal),
    )
    await send()
    const image = exported.find(({ imageId }) => imageId !== undefined)?.imageId
    await teller.finish(image, options.tags.map(fullTag))
  } catch (error) {
    if (call.signal.aborted) return
    await teller.fail(stop.signal.aborted ? new ApiError(499, 'context canceled') : error)
  }
  await stream.end()
}

const fullTag = (tag: string): string => familiarReference(withDefaultTag(parseReference(tag)))

/** Who tells a build. */
interface Teller {
  progress: BuildProgress
  finish(image: string | undefined, names: readonly string[]): Promise<void>
  /** Throws the error where nothing was told yet. */
  fail(error: unknown): Promise<void>
}

async function openTeller(call: Call, stream: ProgressStream): Promise<Teller> {
  const { query, signal } = call
  const isBuildKit = query.text('version') === '2'
  if (query.bool('q')) return quietTeller(stream, isBuildKit)
  if (isBuildKit) return await traceTeller(stream, signal)
  for (const name of unusedLimits(query))
    stream.tell({ stream: `[Warning] ${name} does not limit the steps of a build here\n` })
  const classic = new ClassicProgress(stream, query.bool('rm', true))
  return {
    progress: classic,
    finish: async (image, names) => classic.finish(image, names),
    fail: async (error) => failClassic(stream, error),
  }
}

/** Only the id is told. */
function quietTeller(stream: ProgressStream, isBuildKit: boolean): Teller {
  const ignore = () => undefined
  return {
    progress: { vertex: ignore, status: ignore, log: ignore, warning: ignore },
    finish: async (image) => {
      if (image !== undefined) stream.tell({ stream: `${image}\n` })
    },
    fail: async (error) => {
      if (isBuildKit) stream.tellFailure(failureOf(error).message)
      else failClassic(stream, error)
    },
  }
}

/** BuildKit's own words. */
async function traceTeller(stream: ProgressStream, signal: AbortSignal): Promise<Teller> {
  const { openTrace } = await import('./trace.ts')
  const trace = await openTrace(stream, signal)
  return {
    progress: trace.progress,
    finish: async (image) => {
      await trace.end()
      if (image !== undefined) stream.tell({ id: 'moby.image.id', aux: { ID: image } })
    },
    fail: async (error) => {
      await trace.end()
      stream.fail(error, failureOf(error).message)
    },
  }
}

function failClassic(stream: ProgressStream, error: unknown): void {
  if (!stream.hasBegun) throw isFault(error) ? error : asAnswer(error)
  const failure = describeFailure(error)
  stream.tell({ errorDetail: failure, error: failure.message })
}
