import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestUser } from './test-user.ts'

/** Processes of the user and of its subordinate ids, as `pid command line`. */
export function processesOf(user: Pick<TestUser, 'uid' | 'subuids'>): string[] {
  const [first, count] = user.subuids
  const isTheirs = (uid: number) => uid === user.uid || (uid >= first && uid < first + count)
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const status = readText(`/proc/${pid}/status`)
      const uid = Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? Number.NaN)
      if (!isTheirs(uid) || /^State:\tZ/m.test(status)) return []
      const command = readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
      return [`${pid} ${command || /^Name:\t(.*)/m.exec(status)?.[1]}`]
    })
}

/** Whether a process lives; one that only waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  return /^State:\t[^ZX]/m.test(readText(`/proc/${pid}/status`))
}

/** The processes, those they started, those that these started, and so on. */
export function withDescendants(pids: number[]): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(/^PPid:\t(\d+)/m.exec(readText(`/proc/${name}/status`))?.[1] ?? 0)
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found = new Set(pids)
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child)
  return [...found]
}

/** Mount points below a directory, in this mount namespace. */
export function mountsBelow(directory: string): string[] {
  return readText('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${directory}/`))
}

/** Milliseconds that a monitor may take to empty its trash after the command that waited for it has returned. */
const TRASH_TIME = 30_000

/** What a data directory still has of containers: directories, names, unfinished and removed work. */
export function remainsIn(data: string): string[] {
  const trash = join(data, 'trash')
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const deadline = Date.now() + TRASH_TIME
  while (existsSync(trash) && readdirSync(trash).length > 0 && Date.now() < deadline)
    Atomics.wait(pause, 0, 0, 10)
  return tracesIn(data)
}

/** The same without waiting. */
export function tracesIn(data: string): string[] {
  return entriesIn(data, ['containers', 'names', 'tmp', 'trash'])
}

/** What a data directory has that outlives containers, images apart. */
export function keptIn(data: string): string[] {
  return entriesIn(data, ['volumes', 'networks'])
}

function entriesIn(data: string, folders: string[]): string[] {
  return folders.flatMap((folder) => {
    const path = join(data, folder)
    return existsSync(path) ? readdirSync(path).map((name) => join(folder, name)) : []
  })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // gone meanwhile
  }
}
