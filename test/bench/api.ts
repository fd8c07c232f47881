import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileHeader } from '../fixtures/archive.ts'
import type { TestUser } from '../helpers/test-user.ts'
import { ApiClient, untilAnswered } from './api-client.ts'
import { type Contestants, exchange, openContestants } from './contestants.ts'
import { Figures, middleOf, type Row } from './figures.ts'

const IMAGE = 'bench/base:latest'
/** What is sent through an attached container, and into one as an archive, in bytes. */
const ATTACHED = 1_000_000_000
const ARCHIVE = 500_000_000
const LISTED = 100
const REQUESTS = 400
const CONNECTIONS = 8

const ENGINES = ['lighter', 'podman', 'docker'] as const

export const API_COLUMNS = ['', 'unit', ...ENGINES, 'of Podman', 'of Docker']

/** More is better where something is done per second. */
export function apiCells(row: Row): string[] {
  const [own, podman, docker] = ENGINES.map((name) => middleOf(row, name))
  const shown = (value = Number.NaN): string => (Number.isNaN(value) ? '' : value.toFixed(1))
  const ratio = (other = Number.NaN): string =>
    Number.isNaN(other) ? '' : ((own ?? Number.NaN) / other).toFixed(2)
  return [row.title, row.unit, ...[own, podman, docker].map(shown), ratio(podman), ratio(docker)]
}

/** The services of the engines, asked in turn. */
export async function measureApi(
  work: string,
  user: TestUser,
  busybox: string,
  rounds: number,
): Promise<void> {
  const contestants = await openContestants(work, user, busybox)
  const folder = mkdtempSync(join(exchange, 'bench-api-'))
  chmodSync(folder, 0o777)
  const figures = new Figures('ms', 1)
  const services = await startServices(contestants, folder, work, busybox)
  try {
    for (const { client } of services) await prepare(client)
    for (let round = 0; round < rounds; round++) {
      for (const service of services) await measureService(service, figures)
      await measureStart(work, user, figures)
    }
  } finally {
    for (const { client, stop } of services) {
      await client.ask('POST', `/v1.41/containers/prune?filters=${LABEL}`)
      client.close()
      await stop()
    }
    rmSync(folder, { recursive: true, force: true })
    await contestants.close()
  }
  figures.print(rounds, API_COLUMNS, apiCells)
}

const LABEL = encodeURIComponent('{"label":["bench-api"]}')

interface ServiceOfEngine {
  name: string
  client: ApiClient
  stop: () => Promise<unknown>
}

async function startServices(
  { lighter, podman, docker }: Contestants,
  folder: string,
  work: string,
  layout: string,
): Promise<ServiceOfEngine[]> {
  const archive = join(folder, 'base.tar')
  execFileSync('skopeo', ['copy', '--quiet', `oci:${layout}`, `docker-archive:${archive}:${IMAGE}`])
  chmodSync(archive, 0o644)
  const inside = folder.slice(exchange.length)
  await lighter.run(`lighter load -q -i ${archive}`)
  await podman.run(`podman load -q -i /exchange${inside}/base.tar`)
  await docker.run(`docker load -q -i /exchange${inside}/base.tar`)
  const sockets = {
    lighter: join(work, 'home/run/api.sock'),
    podman: join(folder, 'podman.sock'),
    docker: join(exchange, 'docker.sock'),
  }
  const quiet = '>/dev/null 2>&1 </dev/null & echo $!'
  const own = await lighter.run(`lighter system service -t 0 unix://${sockets.lighter} ${quiet}`)
  const theirs = await podman.run(
    `podman system service -t 0 unix:///exchange${inside}/podman.sock ${quiet}`,
  )
  for (const path of Object.values(sockets)) await untilAnswered(path)
  return [
    {
      name: 'lighter',
      client: new ApiClient(sockets.lighter, CONNECTIONS),
      stop: () => lighter.run(`kill ${own.trim()}`),
    },
    {
      name: 'podman',
      client: new ApiClient(sockets.podman, CONNECTIONS),
      stop: () => podman.run(`kill ${theirs.trim()}`),
    },
    {
      name: 'docker',
      client: new ApiClient(sockets.docker, CONNECTIONS),
      stop: async () => undefined,
    },
  ]
}

const create = async (client: ApiClient, body: object): Promise<string> => {
  const wanted = { Image: IMAGE, Labels: { 'bench-api': '' }, ...body }
  return JSON.parse((await client.ask('POST', '/v1.41/containers/create', wanted)).text).Id
}

/** As many containers as there are to list. */
async function prepare(client: ApiClient): Promise<void> {
  for (let count = 0; count < LISTED; count++) await create(client, { Cmd: ['true'] })
}

async function measureService({ name, client }: ServiceOfEngine, figures: Figures): Promise<void> {
  figures.add('GET /containers/json, 100 containers', name, await listed(client), 'per second')
  figures.add('create, start, wait, remove', name, await lived(client))
  figures.add('attach: 1 GB from a container', name, await attached(client), 'MB/s')
  figures.add('archive: 500 MB into a container', name, await uploaded(client), 'MB/s')
}

async function listed(client: ApiClient): Promise<number> {
  const begun = performance.now()
  let left = REQUESTS
  const one = async (): Promise<void> => {
    while (left-- > 0) await client.ask('GET', '/v1.41/containers/json?all=1')
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return REQUESTS / ((performance.now() - begun) / 1000)
}

async function lived(client: ApiClient): Promise<number> {
  const begun = performance.now()
  const id = await create(client, { Cmd: ['true'] })
  await client.ask('POST', `/v1.41/containers/${id}/start`)
  await client.ask('POST', `/v1.41/containers/${id}/wait`)
  await client.ask('DELETE', `/v1.41/containers/${id}`)
  return performance.now() - begun
}

async function attached(client: ApiClient): Promise<number> {
  const script = `read line; exec head -c ${ATTACHED} /dev/zero`
  const id = await create(client, {
    Cmd: ['sh', '-c', script],
    OpenStdin: true,
    HostConfig: { LogConfig: { Type: 'none' } },
  })
  await client.ask('POST', `/v1.41/containers/${id}/start`)
  const { bytes, milliseconds } = await client.drain(id)
  await client.ask('DELETE', `/v1.41/containers/${id}?force=1`)
  if (bytes < ATTACHED) throw new Error(`attach: ${bytes} bytes of ${ATTACHED}`)
  return ATTACHED / 1000 / milliseconds
}

async function uploaded(client: ApiClient): Promise<number> {
  const id = await create(client, { Cmd: ['true'] })
  const begun = performance.now()
  await client.ask('PUT', `/v1.41/containers/${id}/archive?path=/tmp`, archiveOf(ARCHIVE))
  const milliseconds = performance.now() - begun
  await client.ask('DELETE', `/v1.41/containers/${id}`)
  return ARCHIVE / 1000 / milliseconds
}

/** A tar archive with one file of that many bytes, in pieces of 1 MB. */
function archiveOf(size: number): Buffer[] {
  const piece = Buffer.alloc(1_000_000, 'piece of a large file\n')
  const padding = Buffer.alloc(((512 - (size % 512)) % 512) + 1024)
  return [
    fileHeader('large', size),
    ...Array.from({ length: size / piece.length }, () => piece),
    padding,
  ]
}

/** From the call of the program to the first answer, beside Node's start alone. */
async function measureStart(work: string, user: TestUser, figures: Figures): Promise<void> {
  const socket = join(work, 'home/run/started.sock')
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: join(work, 'home'),
    XDG_RUNTIME_DIR: join(work, 'home/run'),
  }
  const start = (program: string, args: string[]) =>
    spawn(join(work, program), args, {
      uid: user.uid,
      gid: user.gid,
      env,
      cwd: '/',
      stdio: 'ignore',
    })
  const ended = (child: ReturnType<typeof start>) =>
    new Promise((resolve) => child.once('close', resolve))
  let begun = performance.now()
  await ended(start('node', ['-e', '0']))
  figures.add('`node -e 0`', 'lighter', performance.now() - begun)
  begun = performance.now()
  const child = start('lighter', ['system', 'service', '-t', '0', `unix://${socket}`])
  await untilAnswered(socket)
  figures.add('start of the service to the first answer', 'lighter', performance.now() - begun)
  child.kill()
  await ended(child)
}
