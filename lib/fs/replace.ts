import {
  chmodSync,
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'

/**
 * Replaces a file in one step; `durable`: it also survives a power cut. A full disk leaves the old one. `mode` holds
 * whatever the umask.
 */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  durable = false,
  mode = 0o600,
): void {
  const draft = writeDraft(path, content, durable, mode)
  try {
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw spaceError(error, path)
  }
  if (durable) syncDirectory(dirname(path))
}

/** Creates a whole file unless it exists; `false` when somebody was first. */
export function claimFile(path: string, content: string): boolean {
  const draft = writeDraft(path, content, false, 0o600)
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw spaceError(error, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Makes a private directory and its parents, unless they are there. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw spaceError(error, path)
  }
}

/** A directory that everybody may read and pass, whatever the umask. */
export function makeOpenDirectory(path: string): void {
  mkdirSync(path, { mode: 0o755 })
  ensureMode(path, 0o755)
}

/** Makes good what the umask took from a new file: mostly nothing. */
export function ensureMode(path: string, mode: number): void {
  if ((statSync(path).mode & 0o7777) !== mode) chmodSync(path, mode)
}

/** The process that writes the unfinished file of this name, as `writeDraft` names them. */
export function draftWriter(name: string): number | undefined {
  const pid = /\.(\d+)-[0-9a-f]{12}\.tmp$/.exec(name)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

/** Makes the names in a directory survive a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** A full disk or an exhausted quota as the sentence users get; any other error as it is. */
export function spaceError(error: unknown, path: string): unknown {
  if (error instanceof LighterError || !isErrno(error, 'ENOSPC', 'EDQUOT')) return error
  const reason = isErrno(error, 'EDQUOT') ? 'disk quota exceeded' : 'no space left on device'
  return new LighterError('no-space', `write ${path}: ${reason}`, { cause: error })
}

/** Writes a file that is not there yet, with that mode whatever the umask. */
export function writeNewFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  writeWith(path, bytes, mode, () => undefined)
}

function writeWith(
  path: string,
  bytes: Uint8Array,
  mode: number,
  finish: (fd: number) => void,
): void {
  const fd = openSync(path, 'wx', mode)
  try {
    // What the umask took must not keep its owner from reading it.
    if ((fstatSync(fd).mode & 0o7777) !== mode) fchmodSync(fd, mode)
    writeAll(fd, bytes)
    finish(fd)
  } finally {
    closeSync(fd)
  }
}

function writeDraft(
  path: string,
  content: string | Uint8Array,
  durable: boolean,
  mode: number,
): string {
  const draft = `${path}.${process.pid}-${randomHex(6)}.tmp`
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  try {
    writeWith(draft, bytes, mode, (fd) => {
      if (durable) fsyncSync(fd)
    })
  } catch (error) {
    rmSync(draft, { force: true })
    throw spaceError(error, path)
  }
  return draft
}

/** Writes at the file's position until nothing is left: a nearly full disk takes a part only. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) done += writeSync(fd, bytes, done, bytes.length - done)
}
