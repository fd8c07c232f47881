/** Runs steps of a build as the calling user: one request per line on standard input, reports as lines on standard output. */
import { spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { FileOrigin } from '../../lib/build/files.ts'
import { listCacheMounts, removeCacheMount } from '../../lib/build/run/cache-mounts.ts'
import type { RunMount, RunRequest } from '../../lib/build/run/request.ts'
import { runStep } from '../../lib/build/run/run.ts'
import { openRunSession } from '../../lib/build/run/session.ts'
import { openAgent } from '../../lib/build/run/ssh.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Digest } from '../../lib/core/ids.ts'
import { createEngine, type Engine } from '../../lib/engine.ts'
import { makeDraft } from '../../lib/fs/drafts.ts'
import { ownIdentity } from '../../lib/host/process.ts'
import { getImage } from '../../lib/image/find.ts'
import { removeTrees } from '../../lib/runtime/userns.ts'

/** What differs from the simplest step; `image` in the place of layers, text in the place of bytes. */
export interface DriverRequest extends Partial<Omit<RunRequest, 'mounts' | 'signal' | 'onOutput'>> {
  image: string
  mounts?: unknown[]
  /** Milliseconds after which it is aborted. */
  abortAfter?: number
  /** The directory of the step stays. */
  keep?: boolean
}

type Command =
  | DriverRequest
  | { session: 'open' | 'close' }
  | { caches: 'list' }
  | { removeCache: string }
  | { discard: string }
  | { agent: string[] }
  | { together: DriverRequest[] }

const say = (report: unknown): void => void process.stdout.write(`${JSON.stringify(report)}\n`)

const engine = createEngine(process.env)
let session: ReturnType<typeof openRunSession> | undefined

const layersOf = (image: string): Digest[] => getImage(engine, image).config.diffIds

const originOf = (origin: { image?: string } | FileOrigin): FileOrigin =>
  'image' in origin && origin.image !== undefined
    ? { layers: layersOf(origin.image) }
    : (origin as FileOrigin)

// biome-ignore lint/suspicious/noExplicitAny: what tests write
function mountOf(mount: any): RunMount {
  return {
    ...mount,
    ...(mount.origin ? { origin: originOf(mount.origin) } : {}),
    ...(mount.from ? { from: originOf(mount.from) } : {}),
    ...(mount.content === undefined ? {} : { content: Buffer.from(mount.content) }),
  }
}

const discard = (directory: string): Promise<void> =>
  removeTrees({ program: engine.native().program, idMap: engine.idMap() }, [directory])

/** An agent as `--ssh` asks for one, and the digests of its keys. */
async function tryAgent(paths: string[]): Promise<unknown> {
  const agent = await openAgent({ id: 'default', paths }, process.env)
  const { stdout } = spawnSync('ssh-add', ['-l'], {
    env: { PATH: process.env.PATH, SSH_AUTH_SOCK: agent.socket },
    encoding: 'utf8',
  })
  agent.close()
  return { keys: stdout }
}

async function runOne(engine: Engine, request: DriverRequest): Promise<unknown> {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const text = { stdout: '', stderr: '' }
  const abort = new AbortController()
  if (request.abortAfter !== undefined) setTimeout(() => abort.abort(), request.abortAfter)
  const began = performance.now()
  let result: object
  try {
    const outcome = await runStep(engine, {
      layers: layersOf(request.image),
      directory: draft,
      args: ['true'],
      env: [],
      cwd: '/',
      user: '',
      network: 'none',
      security: 'sandbox',
      hosts: [],
      shmSize: 0,
      ulimits: [],
      cgroupParent: undefined,
      platform: '',
      ...request,
      mounts: (request.mounts ?? []).map(mountOf),
      onOutput: (stream, bytes) => {
        text[stream] += bytes.toString('utf8')
        say({ said: bytes.toString('utf8'), stream })
      },
      signal: abort.signal,
    })
    result = { ...outcome }
  } catch (error) {
    if (error instanceof LighterError) {
      const { code, message, hint } = error
      result = { error: { code, message, ...(hint === undefined ? {} : { hint }) } }
    } else result = { error: { code: (error as Error).name, message: (error as Error).message } }
  }
  const ms = performance.now() - began
  if (!request.keep) await discard(draft)
  return { ...result, ...text, ms, directory: draft }
}

async function carryOut(command: Command): Promise<unknown> {
  if ('session' in command) {
    if (command.session === 'open') {
      session = openRunSession(engine)
      await session.ready
    } else await session?.close()
    return {}
  }
  if ('caches' in command) return { caches: await listCacheMounts(engine) }
  if ('removeCache' in command)
    return { removed: await removeCacheMount(engine, command.removeCache) }
  if ('discard' in command) {
    await discard(command.discard)
    return {}
  }
  if ('agent' in command) return await tryAgent(command.agent)
  if ('together' in command)
    return await Promise.all(command.together.map((one) => runOne(engine, one)))
  return await runOne(engine, command)
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await carryOut(JSON.parse(line) as Command))
  } catch (error) {
    say({ thrown: String((error as Error).stack) })
  }
}
