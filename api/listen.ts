import { lstatSync, mkdirSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { isErrno, LighterError } from '../lib/core/errors.ts'
import { lazyNet } from '../lib/core/lazy.ts'
import { type Address, addressText } from './address.ts'

/** systemd's first descriptor, see sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3

/** Has the server listen; returns the address as clients use it. Throws `usage` where nobody can listen there. */
export async function listen(server: Server, address: Address): Promise<string> {
  if (address.type === 'fd') {
    for (const fd of inheritedDescriptors()) await start(server, { fd })
    return addressText(address)
  }
  if (address.type === 'tcp') {
    await start(server, { host: address.host, port: address.port })
    return addressText({ ...address, port: (server.address() as AddressInfo).port })
  }
  await listenAt(server, address.path)
  return addressText(address)
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

/** A socket that nobody listens at any more, after a crash, is replaced; one that somebody listens at is not. */
async function listenAt(server: Server, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
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

async function answers(path: string): Promise<boolean> {
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
