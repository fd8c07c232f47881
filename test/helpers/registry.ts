import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, openSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Registry {
  /** `127.0.0.1:PORT` */
  host: string
  /** Its storage, for tests that damage it. */
  storage: string
  stop: () => Promise<void>
}

/** Starts Debian's docker-registry on a free loopback port. */
export async function startRegistry(directory: string): Promise<Registry> {
  const host = `127.0.0.1:${await freePort()}`
  const storage = join(directory, 'storage')
  const config = join(directory, 'config.yml')
  mkdirSync(storage, { recursive: true })
  writeFileSync(
    config,
    `version: 0.1
log: { level: warn }
storage:
  filesystem: { rootdirectory: ${storage} }
  delete: { enabled: true }
http: { addr: "${host}" }
`,
  )
  const log = openSync(join(directory, 'registry.log'), 'w')
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', log, log] })
  await waitUntilReady(host, child)
  return { host, storage, stop: () => stop(child) }
}

/** Copies an OCI layout into a registry with skopeo. */
export function pushLayout(
  layout: string,
  host: string,
  reference: string,
  options: string[] = [],
): void {
  execFileSync(
    'skopeo',
    [
      '--insecure-policy',
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      ...options,
      `oci:${layout}:latest`,
      `docker://${host}/${reference}`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
}

/** Below those that Linux gives to whoever connects, or listens anywhere: one of them could be taken again before it is used. */
const [FIRST_PORT, LAST_PORT] = [21_000, 32_000]
let nextPort = randomInt(FIRST_PORT, LAST_PORT)

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort
    nextPort = port < LAST_PORT ? port + 1 : FIRST_PORT
    if (await isFree(port)) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

async function waitUntilReady(host: string, child: ChildProcess): Promise<void> {
  let broken: Error | undefined
  child.on('error', (error) => {
    broken = error
  })
  for (let attempt = 0; attempt < 1200; attempt++) {
    if (broken) throw broken
    if (child.exitCode !== null) throw new Error('docker-registry ended at once, see registry.log')
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined)
    if (answer?.ok) return
    await sleep(50)
  }
  throw new Error('docker-registry does not answer')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
