import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess, lazyNet } from '../core/lazy.ts'
import { readSmallText } from '../fs/read.ts'
import { usualSocket } from './engine-socket.ts'
import { ownCommand } from './own-command.ts'
import type { HostPaths } from './paths.ts'

/** Whether anybody listens at a socket that this user can connect to. */
export async function answers(path: string): Promise<boolean> {
  const connection = lazyNet().connect(path)
  try {
    return await new Promise((resolve) => {
      connection.once('connect', () => resolve(true))
      connection.once('error', () => resolve(false))
    })
  } finally {
    connection.destroy()
  }
}

/** Milliseconds in which a service answers that systemd may have to start first. */
const PATIENCE = 30_000

/** Asks whoever listens something: a service counts its idle time from then on. */
async function isServed(socketPath: string): Promise<boolean> {
  const { request } = process.getBuiltinModule('node:http')
  return await new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', agent: false, timeout: PATIENCE })
    asked.once('response', (answer) => {
      answer.resume()
      resolve(true)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.end()
  })
}

const MAX_LOG = 64 * 1024

/**
 * What the C library is told, which reads it before the program begins: buffers of streams go back to the kernel when they are
 * freed. A heap with holes of theirs stays as large as it was during the largest pull. packaging/systemd/lighter.service has the same.
 */
const MEMORY = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '131072' }

/**
 * Starts a service that outlives this process, unless one listens at the address already, and waits until it does. It ends after so
 * many seconds without a request; 0: never. Returns the value of DOCKER_HOST. Throws `host-setup` with what it said.
 */
export async function ensureService(
  { runtime }: Pick<HostPaths, 'runtime'>,
  { path = usualSocket(runtime), idleTime = 60 }: { path?: string; idleTime?: number } = {},
): Promise<string> {
  const host = `unix://${path}`
  if (await isServed(path)) return host
  const said = join(runtime, 'service.log')
  const log = openSync(said, 'w', 0o600)
  try {
    const [program = '', ...words] = ownCommand()
    const child = lazyChildProcess().spawn(
      program,
      [...words, 'system', 'service', '--time', String(idleTime), host],
      // A session of its own: what ends with this one's terminal does not end it.
      {
        detached: true,
        stdio: ['ignore', 'pipe', log],
        cwd: '/',
        env: { ...process.env, ...MEMORY },
      },
    )
    const isUp = await new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false))
      child.once('close', () => resolve(false))
      child.stdout?.once('data', () => resolve(true))
    })
    child.stdout?.destroy()
    child.unref()
    // Another one may have been faster.
    if (isUp || (await isServed(path))) return host
  } finally {
    closeSync(log)
  }
  const text = readSmallText(said, MAX_LOG)?.trim() ?? ''
  throw new LighterError('host-setup', `the service does not start: ${text}`)
}
