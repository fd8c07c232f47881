import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { type IncomingHttpHeaders, request } from 'node:http'
import { join } from 'node:path'
import { until } from './until.ts'
import type { World } from './world.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
  /** The body as JSON; throws where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at single members
  json: () => any
}

/** A service of the Engine API that a world's user has started. */
export interface TestService {
  socket: string
  /** What DOCKER_HOST says. */
  host: string
  child: ChildProcessWithoutNullStreams
  /** What it has said on standard error. */
  log: () => string
  /** One request; `body`: sent as JSON unless it is bytes. */
  ask: (method: string, path: string, body?: unknown, headers?: object) => Promise<Answer>
  stop: () => Promise<void>
}

/** Starts `system service` and returns once it listens. */
export async function startService(
  world: World,
  flags: string[] = ['--time', '0'],
  socket = join(world.sockets, 'docker.sock'),
): Promise<TestService> {
  const host = `unix://${socket}`
  const child = world.start(['system', 'service', ...flags, host])
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  let log = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  child.stderr.on('data', (chunk) => {
    log += chunk
  })
  await until(() => said.includes('DOCKER_HOST=') || child.exitCode !== null, 'the service listens')
  if (child.exitCode !== null) throw new Error(`The service ended: ${log}`)
  return {
    socket,
    host,
    child,
    log: () => log,
    ask: (method, path, body, headers) => askAt(socket, method, path, body, headers),
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** One request to whoever listens at a socket. */
export async function askAt(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: object = {},
): Promise<Answer> {
  const bytes =
    body === undefined || body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body))
  const type = body === bytes ? 'application/x-tar' : 'application/json'
  const about = bytes ? { 'Content-Type': type, 'Content-Length': bytes.length } : {}
  return await new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, method, path, headers: { ...about, ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const whole = Buffer.concat(chunks)
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: whole,
            text: whole.toString('utf8'),
            json: () => JSON.parse(whole.toString('utf8')),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(bytes)
  })
}
