import { type ChildProcess, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { isErrno, systemErrorReason } from '../../lib/core/errors.ts'
import type { Engine } from '../../lib/engine.ts'
import { listNames } from '../../lib/fs/drafts.ts'
import type { Context } from '../context.ts'

/** A program that wants a service of the Docker Engine API. */
export interface ClientProgram {
  program: string
  args: readonly string[]
  environment: Readonly<Record<string, string>>
  /** Called for a signal that only this process got, before it is passed on. */
  onSignal?: () => void
}

/** Variables that would lead the program to another engine. */
const OTHER_ENGINES = ['DOCKER_CONTEXT', 'DOCKER_TLS', 'DOCKER_TLS_VERIFY', 'DOCKER_CERT_PATH']

/** As shells say it. */
const NOT_FOUND = 127

class MissingProgram extends Error {}

/** So many signals end a program that does not end by itself. */
const PATIENCE = 3

/** Sockets of clients, with the process that serves them. */
const SOCKET = /^(?:client|plugin)-(\d+)\.sock$/

/** Where this process has a socket for a program that it runs. */
export const clientSocket = ({ paths }: Engine, kind: 'client' | 'plugin'): string =>
  join(paths.runtime, `${kind}-${process.pid}.sock`)

/**
 * Runs a program with a service of its own, which lives in this process and ends with the program. Returns the exit code; 127
 * for what cannot be started.
 */
export async function runClient(context: Context, client: ClientProgram): Promise<number> {
  const { engine, debug, warn } = context
  sweep(engine)
  const path = clientSocket(engine, 'client')
  rmSync(path, { force: true })
  const { serve } = await import('../../api/service.ts')
  const end = new AbortController()
  const ready = Promise.withResolvers<string>()
  const served = serve(engine, {
    address: { type: 'unix', path },
    tcp: { tls: undefined, allowInsecure: false },
    idleTime: undefined,
    isPrivate: true,
    // The screen is the program's.
    log: (line) => debug && warn(line),
    onReady: ready.resolve,
    signal: end.signal,
  })
  served.catch(ready.reject)
  try {
    return await runProgram(client, await ready.promise)
  } catch (error) {
    if (!(error instanceof MissingProgram)) throw error
    warn(error.message)
    return NOT_FOUND
  } finally {
    end.abort()
    await served.catch(() => undefined)
  }
}

async function runProgram(client: ClientProgram, host: string): Promise<number> {
  const { program, args, environment } = client
  const env: NodeJS.ProcessEnv = { ...process.env, ...environment, DOCKER_HOST: host }
  for (const name of OTHER_ENGINES) delete env[name]
  const child = spawn(program, args, { stdio: 'inherit', env })
  using _ = passSignals(child, client.onSignal)
  return await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(
        isErrno(error, 'ENOENT', 'EACCES')
          ? new MissingProgram(`exec: ${JSON.stringify(program)}: ${systemErrorReason(error)}`)
          : error,
      ),
    )
    child.once('close', (code, signal) =>
      resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)),
    )
  })
}

/** The terminal's signals reach the program without us; this process must live on to answer it. */
function passSignals(child: ChildProcess, onSignal: () => void = () => undefined): Disposable {
  let count = 0
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map((signal) => {
    const ofTerminal = signal === 'SIGINT' || signal === 'SIGQUIT'
    const handler = () => {
      if (++count >= PATIENCE) return void child.kill('SIGKILL')
      if (ofTerminal && process.stdin.isTTY) return
      onSignal()
      child.kill(signal)
    }
    process.on(signal, handler)
    return [signal, handler] as const
  })
  return {
    [Symbol.dispose]: () => {
      for (const [signal, handler] of handlers) process.off(signal, handler)
    },
  }
}

/** Those of processes that were killed. */
function sweep({ paths }: Engine): void {
  for (const name of listNames(paths.runtime)) {
    const pid = SOCKET.exec(name)?.[1]
    if (pid === undefined || isRunning(Number(pid))) continue
    rmSync(join(paths.runtime, name), { force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}
