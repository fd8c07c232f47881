import { fstatSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { isErrno, LighterError } from '../lib/core/errors.ts'
import type { Engine } from '../lib/engine.ts'
import { answers } from '../lib/host/service.ts'
import { Hold } from '../lib/runtime/hold.ts'
import type { Address } from './address.ts'

/** systemd's first descriptor, see sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3

/** A place where clients connect. */
export interface Listener {
  server: Server
  /** Where that is in truth: what systemd opened may be either; a path is empty where it is not known. */
  address: Place
}

type Place = Exclude<Address, { type: 'fd' }>

/** Has servers listen at an address, one per socket. Throws `usage` where nobody can listen there. */
export async function listen(
  engine: Engine,
  address: Address,
  create: (place: Place) => Server,
): Promise<Listener[]> {
  if (address.type === 'fd') {
    return await Promise.all(
      inheritedDescriptors().map(async (fd) => {
        const listener = { server: create(placeOf(fd)), address: placeOf(fd) }
        await start(listener.server, { fd })
        return inTruth(listener)
      }),
    )
  }
  const server = create(address)
  if (address.type === 'unix') await listenAtPath(engine, server, address.path)
  else await start(server, { host: address.host, port: address.port })
  return [inTruth({ server, address })]
}

/** The kernel has chosen a port where none was named. */
function inTruth({ server, address }: Listener): Listener {
  const bound = server.address()
  if (address.type === 'unix' || bound === null || typeof bound === 'string') {
    return { server, address }
  }
  return { server, address: { type: 'tcp', host: address.host || bound.address, port: bound.port } }
}

/** The sockets that systemd has opened for this very process. Throws `usage` where there are none. */
function inheritedDescriptors(): number[] {
  const { LISTEN_PID, LISTEN_FDS } = process.env
  const count = Number(LISTEN_FDS ?? 0)
  if (LISTEN_PID !== String(process.pid) || !(count > 0)) {
    throw new LighterError('usage', 'fd://: no sockets were handed over (LISTEN_PID, LISTEN_FDS)')
  }
  // What containers are started with must not take them for theirs.
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete process.env[name]
  return Array.from({ length: count }, (_, index) => FIRST_DESCRIPTOR + index)
}

/** Of which kind a socket is, and where a local one is in the file system: Node does not tell. */
function placeOf(fd: number): Place {
  const { ino } = fstatSync(fd)
  for (const line of readFileSync('/proc/net/unix', 'utf8').split('\n')) {
    const [, , , , , , inode, ...path] = line.split(' ').filter((word) => word !== '')
    if (inode === String(ino)) return { type: 'unix', path: path.join(' ') }
  }
  return { type: 'tcp', host: '', port: 0 }
}

/**
 * A socket that nobody listens at any more, after a crash, is replaced; one that somebody listens at is not. Of several services that
 * begin at once one looks at a time.
 */
async function listenAtPath(engine: Engine, server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  using _ = await Hold.open(engine.native().program, dirname(path))
  const before = process.umask(0o177)
  try {
    if (!(await start(server, { path }, 'EADDRINUSE'))) {
      await removeStale(path)
      await start(server, { path })
    }
  } finally {
    process.umask(before)
  }
}

async function removeStale(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
    throw new LighterError('usage', `${path} is there already, and is no socket`)
  }
  if (await answers(path)) {
    throw new LighterError('usage', `${path}: another service listens there already`)
  }
  rmSync(path, { force: true })
}

/** Returns false for the error that is expected. */
async function start(server: Server, where: object, expected?: string): Promise<boolean> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(where, () => {
        server.off('error', reject)
        resolve()
      })
    })
    return true
  } catch (error) {
    if (expected !== undefined && isErrno(error, expected)) return false
    throw error
  }
}
