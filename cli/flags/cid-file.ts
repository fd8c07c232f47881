import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { isErrno, LighterError, systemErrorText } from '../../lib/core/errors.ts'
import { BareRefusal, UsageFailure } from '../report.ts'

interface CidFile extends Disposable {
  write(id: string): void
}

/**
 * The file is taken before anything is made: two runs with one file must not both go on. It goes again when no container
 * was made, so that the same command works once what was wrong is mended. `runs`: the name of the program when it is `run`
 * that asks, whose exit code goes by the reason as Docker's does.
 */
export function claimCidFile(path: string | undefined, runs?: string): CidFile {
  if (path === undefined) return { write: () => undefined, [Symbol.dispose]: () => undefined }
  let fd: number
  try {
    fd = openSync(path, 'wx', 0o644)
  } catch (error) {
    throw refusal(path, error, runs)
  }
  let made = false
  return {
    write: (id) => {
      made = true
      writeSync(fd, id)
    },
    [Symbol.dispose]: () => {
      closeSync(fd)
      if (!made) rmSync(path, { force: true })
    },
  }
}

function refusal(path: string, error: unknown, runs: string | undefined): LighterError {
  const found = isErrno(error, 'EEXIST')
  const sentence = found
    ? `container ID file found, make sure the other container isn't running or delete ${path}`
    : `failed to create the container ID file: ${systemErrorText(error)}`
  if (runs === undefined) return new BareRefusal([sentence])
  if (isErrno(error, 'ENOENT')) return new UsageFailure(`${runs}: ${sentence}.`, 'run', 127)
  if (isErrno(error, 'EACCES') || isErrno(error, 'EISDIR'))
    return new UsageFailure(`${runs}: ${sentence}.`, 'run', 126)
  return new LighterError('usage', sentence)
}
