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

/** Bytes of a socket's path, see unix(7): one more ends it. */
const LONGEST_PATH = 107

/**
 * A socket that nobody listens at any more, after a crash, is replaced; one that somebody listens at is not. Of several services that
 * find one one looks at a time; where there is none, the kernel lets one of them make it.
 */
async function listenAtPath(engine: Engine, server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new LighterError(
      'usage',
      `${path}: the path of a socket has at most ${LONGEST_PATH} bytes: use unix:// and a shorter one`,
    )
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (await startAtPath(server, path)) return
  using _ = await Hold.open(engine.native().program, dirname(path))
  if (await startAtPath(server, path)) return
  await removeStale(path)
  if (!(await startAtPath(server, path))) throw takenError(path)
}

/** Returns false where something is at the path already. */
async function startAtPath(server: Server, path: string): Promise<boolean> {
  const before = process.umask(0o177)
  try {
    return await start(server, { path }, 'EADDRINUSE')
  } finally {
    process.umask(before)
  }
}

/** Milliseconds in which who made a socket listens at it, on the busiest of machines. */
const LISTENS_WITHIN = 1000
const ASK_AGAIN = 50

async function removeStale(path: string): Promise<void> {
  for (;;) {
    const file = lstatSync(path, { throwIfNoEntry: false })
    if (file === undefined) return
    if (!file.isSocket()) {
      throw new LighterError('usage', `${path} is there already, and is no socket`)
    }
    if (await answers(path)) throw takenError(path)
    // A socket is made first, and listened at then. Clocks may be set back.
    if (Math.abs(Date.now() - file.ctimeMs) > LISTENS_WITHIN) break
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN))
  }
  rmSync(path, { force: true })
}

const takenError = (path: string): LighterError =>
  new LighterError('usage', `${path}: another service listens there already`)

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
