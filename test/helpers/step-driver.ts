import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildSync } from 'esbuild'
import { inject } from 'vitest'
import type { DriverRequest } from '../drivers/run-step.ts'
import type { World } from './world.ts'

export interface StepResult {
  exitCode?: number
  signal?: number
  placeholders?: string[]
  upper?: string
  error?: { code: string; message: string; hint?: string }
  stdout: string
  stderr: string
  directory: string
  /** Each piece of output as it came. */
  said: { stream: string; said: string }[]
}

export interface StepDriver {
  pid: number
  run(request: DriverRequest): Promise<StepResult>
  /** Resolves with the first output of the step that runs. */
  heard(): Promise<void>
  // biome-ignore lint/suspicious/noExplicitAny: what the driver answers
  ask(command: object): Promise<any>
  /** Resolves when it has ended. */
  end(): Promise<void>
  kill(): Promise<void>
}

const root = new URL('../..', import.meta.url).pathname

/** The driver in one file, where the test user can read it. */
function bundle(): string {
  const folder = join(inject('work'), 'drivers', String(process.pid))
  const file = join(folder, 'lib/runtime/run-step.mjs')
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  buildSync({
    entryPoints: [join(root, 'test/drivers/run-step.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
  cpSync(join(root, 'native/uplink'), join(folder, 'native/uplink'), { recursive: true })
  return file
}

/** Starts what runs steps as the world's user. */
export function startStepDriver(world: World, env: Record<string, string> = {}): StepDriver {
  const child = startNode(world, env)
  const waiting: ((line: string) => void)[] = []
  const early: string[] = []
  let onSaid: () => void = () => undefined
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('{"said"')) onSaid()
    const taker = waiting.shift()
    if (taker) taker(line)
    else early.push(line)
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const next = (): Promise<string> => {
    const line = early.shift()
    if (line !== undefined) return Promise.resolve(line)
    const lost = ended.then(() => {
      throw new Error('the driver ended')
    })
    return Promise.race([new Promise<string>((resolve) => waiting.push(resolve)), lost])
  }
  const ask = async (command: object) => {
    child.stdin.write(`${JSON.stringify(command)}\n`)
    const said: StepResult['said'] = []
    for (;;) {
      const report = JSON.parse(await next())
      if ('thrown' in report) throw new Error(report.thrown)
      if (!('said' in report)) return Array.isArray(report) ? report : { ...report, said }
      said.push(report)
    }
  }
  return {
    pid: child.pid ?? 0,
    run: (request) => ask(request),
    heard: () =>
      new Promise((resolve) => {
        onSaid = resolve
      }),
    ask,
    end: async () => {
      child.stdin.end()
      await ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

function startNode(world: World, env: Record<string, string>): ChildProcessWithoutNullStreams {
  const child = world.spawn(process.execPath, ['--no-warnings', bundle()], {
    env: { LIGHTER_NATIVE: inject('nativeProgram'), ...env },
  })
  child.stdin.on('error', () => undefined)
  child.stderr.on('data', (bytes: Buffer) => process.stderr.write(bytes))
  return child
}
