import { LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { quote } from '../../format/quote.ts'
import type { MountOperation, RunOperation, StepResult } from '../graph.ts'
import type { RunMount, RunOutcome, RunRequest } from '../run/request.ts'
import { areMountsSteady, findMountFiles } from './mount-files.ts'
import type { StepVertex } from './reporter.ts'
import { type SealContext, sealStep } from './seal.ts'

/** What commands of a build get from its caller. */
export interface StepSurroundings {
  /** The bytes of a secret; `undefined`: the caller gave none of that name. */
  secret(id: string): Promise<Buffer | undefined>
  /** An agent's socket; `undefined`: the caller gave none of that name. */
  agent(id: string): Promise<string | undefined>
  /** Runs one command. */
  run(request: RunRequest): Promise<RunOutcome>
}

interface RunContext extends SealContext {
  results: readonly StepResult[]
  vertex: StepVertex
  surroundings: StepSurroundings
}

/** Runs a command and makes a layer of what it changed. Throws how it ended, unless well. */
export async function executeRun(
  operation: RunOperation,
  context: RunContext,
): Promise<{ diffId: Digest; size: number; steady: boolean }> {
  const { session, base, vertex, surroundings } = context
  const mounts = await Promise.all(operation.mounts.map((mount) => findMount(mount, context)))
  const directory = await session.makeDirectory()
  const running = surroundings.run({
    ...operation.meta,
    env: withAgent(operation, withProxies(operation)),
    layers: base,
    directory,
    mounts: [...mounts.flatMap((mount) => mount ?? []), ...operation.scripts.map(scriptMount)],
    platform: operation.platform,
    onOutput: (stream, bytes) => vertex.log(stream, bytes),
    signal: session.signal,
  })
  const outcome = await running.catch((error: unknown) => {
    throw notBegun(operation, error)
  })
  session.signal.throwIfAborted()
  const { placeholders } = outcome
  if (outcome.exitCode !== 0 || outcome.signal !== 0) {
    if (!session.keepsFailed) throw ended(operation, outcome)
    const { diffId } = await sealStep(context, { directory, placeholders })
    const { keepFailedStep } = await import('./failed-step.ts')
    throw ended(operation, outcome, await keepFailedStep(session, operation, [...base, diffId]))
  }
  const sealed = await sealStep(context, { directory, placeholders })
  return { ...sealed, steady: await areMountsSteady(operation.mounts, context.results) }
}

/** Programs are told where an agent would be, whether or not the caller gave one. */
function withAgent({ mounts }: RunOperation, env: readonly string[]): string[] {
  const ssh = mounts.find((mount) => mount.type === 'ssh')
  const isSet = env.some((entry) => entry.startsWith('SSH_AUTH_SOCK='))
  return ssh && !isSet ? [...env, `SSH_AUTH_SOCK=${ssh.target}`] : [...env]
}

/** Variables of the image stand before those of the caller's proxies. */
function withProxies({ env, proxies }: RunOperation): string[] {
  const known = new Set(env.map((entry) => entry.slice(0, entry.indexOf('='))))
  return [...env, ...proxies.filter((entry) => !known.has(entry.slice(0, entry.indexOf('='))))]
}

function ended(
  { meta }: RunOperation,
  { exitCode, signal, oomKilled }: RunOutcome,
  hint?: string,
): Error {
  const code = signal === 0 ? exitCode : 128 + signal
  const reason = oomKilled ? ': cannot allocate memory' : ''
  const cause = new CommandEnd(meta.args, code)
  return unsuccessful(meta, `exit code: ${code}${reason}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** How a command of a build ended, as the cause of the build's failure: for those who tell it in other words. */
export class CommandEnd extends Error {
  readonly args: readonly string[]
  readonly exitCode: number

  constructor(args: readonly string[], exitCode: number) {
    super(`exit code: ${exitCode}`)
    this.args = args
    this.exitCode = exitCode
  }
}

/** A user that the image does not have is the Dockerfile's matter. */
const notBegun = ({ meta }: RunOperation, error: unknown): unknown =>
  error instanceof LighterError && error.code === 'bad-input'
    ? unsuccessful(meta, error.message, { cause: error })
    : error

const unsuccessful = (
  { args }: RunOperation['meta'],
  why: string,
  detail: { cause?: unknown; hint?: string },
): Error =>
  new DockerfileError(
    `process ${quote(args.join(' '))} did not complete successfully: ${why}`,
    undefined,
    detail,
  )

/** A script of the Dockerfile's: it is there while the command runs, and nowhere else. */
const scriptMount = ({ path, content }: RunOperation['scripts'][number]): RunMount => ({
  type: 'secret',
  content: Buffer.from(content),
  target: path,
  variable: undefined,
  uid: 0,
  gid: 0,
  mode: 0o755,
})

/** A mount with its files; `undefined`: what is not required is not there. */
async function findMount(
  mount: MountOperation,
  { session, results, surroundings }: RunContext,
): Promise<RunMount | undefined> {
  switch (mount.type) {
    case 'tmpfs':
      return mount
    case 'bind': {
      const { input, source, ...rest } = mount
      return { ...rest, ...(await findMountFiles(session, results[input], source)) }
    }
    case 'cache': {
      const { input, ...rest } = mount
      if (input === undefined) return { ...rest, from: undefined }
      const { origin, source } = await findMountFiles(session, results[input], mount.source)
      return { ...rest, source, from: origin }
    }
    case 'secret': {
      const { id, required, ...rest } = mount
      const content = await surroundings.secret(id)
      if (content) return { ...rest, content }
      if (required) throw new DockerfileError(`secret ${id}: not found`)
      return undefined
    }
    case 'ssh': {
      const { id, required, ...rest } = mount
      const socket = await surroundings.agent(id)
      if (socket !== undefined) return { ...rest, socket }
      if (required) throw new DockerfileError(`unset ssh forward key ${id}`)
      return undefined
    }
  }
}
