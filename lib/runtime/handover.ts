import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { LighterError, systemErrorReason } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { failureError, parseReports } from './native.ts'

/** How the caller's terminal and streams take part in a container that is started or attached to. */
export interface AttachOptions {
  stdin: boolean
  stdout: boolean
  stderr: boolean
  detachKeys: string | undefined
  sigProxy: boolean
  /** Printed before a failure. */
  errorPrefix: string
  /** The exit code for a container that cannot be started, in place of 125 to 127. */
  failureCode?: number
}

/** Arguments of `run` and `attach` for an attached client. */
export function attachArguments(options: AttachOptions): string[] {
  return [
    ...(options.detachKeys === undefined ? [] : ['--detach-keys', options.detachKeys]),
    ...(options.stdin ? [] : ['--no-stdin']),
    ...(options.stdout ? [] : ['--no-stdout']),
    ...(options.stderr ? [] : ['--no-stderr']),
    ...(options.sigProxy ? [] : ['--no-sig-proxy']),
    '--error-prefix',
    options.errorPrefix,
    ...(options.failureCode === undefined ? [] : ['--failure-code', String(options.failureCode)]),
  ]
}

/**
 * Becomes the native program: this process image is gone afterwards, its descriptors 0–2 and its pid stay. Nothing
 * secret may be among the arguments, which every user of the machine can read.
 */
export function handOver(program: string, args: string[]): never {
  // Node warns of both that they may change; the warning would come from the next tick, which comes only after a failure.
  process.removeAllListeners('warning')
  const argv = [program, ...args]
  const environment = nativeEnvironment()
  try {
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    bareExecve()?.(program, argv, variables)
    process.execve?.(program, argv, environment)
  } catch (error) {
    throw new LighterError(
      'native',
      `Cannot run ${program}: ${systemErrorReason(error as Error)}`,
      {
        cause: error,
      },
    )
  }
  throw new LighterError('native', 'This Node has no process.execve')
}

type Execve = (program: string, argv: string[], environment: string[]) => void

/**
 * What `process.execve` calls in the end. Before that it loads all that worker threads need, 3 ms, to learn that this is none of
 * them. The executable's Node shows it (packaging/binary.mjs); another Node does not.
 */
function bareExecve(): Execve | undefined {
  const internals: unknown = process.getBuiltinModule('internal/test/binding' as string)
  return (internals as Internals | undefined)?.internalBinding('process_methods').execve
}

interface Internals {
  internalBinding(name: 'process_methods'): { execve?: Execve }
}

/** The monitor lives as long as the container: it keeps only what it needs of the caller's environment. */
export function nativeEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TERM', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'TMPDIR']
  return Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** Who is connected to the monitor before the container's process runs, and so misses nothing of it. */
export interface EarlyClient {
  /** What it attaches to, of `i`, `o` and `e`; without any it is told of events only. */
  readonly streams: string
  /** Called at once with the connection. It ends without a frame `P` where the start fails. */
  connected(socket: Socket): void
}

/** As many as the native program takes. */
export const MAX_EARLY_CLIENTS = 64

/**
 * Starts a container in the background and returns once its process runs; `streams`: whether it gets this process's standard
 * output and error. Throws what kept it from running; the connections of `clients` are closed then.
 */
export async function startDetached(
  program: string,
  { container, prepared }: { container: string; prepared: string },
  streams: 'ignore' | 'inherit',
  clients: readonly EarlyClient[] = [],
): Promise<void> {
  const early = clients.flatMap((client, at) => [
    '--client',
    `${FIRST_CLIENT + at}:${client.streams}`,
  ])
  const args = ['run', '--container', container, '--prepared', prepared, '--detach']
  const child = lazyChildProcess().spawn(program, [...args, '--report-fd', '3', ...early], {
    stdio: ['ignore', streams, streams, 'pipe', ...clients.map(() => 'pipe' as const)],
    env: nativeEnvironment(),
  })
  const sockets = clients.flatMap((client, at) => {
    // A pair of connected sockets, whatever the type says.
    const socket = child.stdio[FIRST_CLIENT + at] as Socket | undefined
    if (socket) client.connected(socket)
    return socket ?? []
  })
  try {
    await reportOf(child)
  } catch (error) {
    for (const socket of sockets) socket.destroy()
    throw error
  }
}

const FIRST_CLIENT = 4

/** What a detached `run` reports on descriptor 3. */
async function reportOf(child: ChildProcess): Promise<void> {
  const reports = child.stdio[3]
  let text = ''
  const line = await new Promise<string>((resolve, reject) => {
    child.on('error', reject)
    reports?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (text.includes('\n')) resolve(text)
    })
    reports?.on('end', () => resolve(text))
    child.on('exit', (code, signal) => {
      if (code !== 0) setImmediate(() => resolve(text || `\0${signal ?? `exit code ${code}`}`))
    })
  })
  reports?.destroy()
  child.unref()
  if (line.startsWith('\0'))
    throw new LighterError('native', `lighter-native run: ${line.slice(1)}`)
  const [report] = parseReports(line)
  if (report?.event === 'failed') throw failureError(report)
  if (!report) throw new LighterError('native', 'lighter-native run ended without a report')
}
