import { join } from 'node:path'
import { type ErrorCode, LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { parseJson, readSmallText } from '../fs/read.ts'
import { replaceFile } from '../fs/replace.ts'
import type { Container } from './catalog.ts'
import { changeContainer } from './change.ts'
import { isLive, readState } from './state.ts'

/** What Docker records where its own command line ends with 125 or 127. */
const EXIT_CODE = 128
const MAX_STATE = 64 * 1024

/**
 * Records what kept a container from starting before there was a monitor to do it; of one that has run the end stays as it was.
 * A throwaway is removed by whoever started it. Never throws: what went wrong first is what counts.
 */
export async function recordFailedStart(
  engine: Engine,
  container: Container,
  { message: error }: LighterError,
): Promise<void> {
  if (container.record.host.autoRemove) return
  try {
    await changeContainer(engine, container, async (held) => {
      await held.settled()
      if (isLive(readState(held.directory))) return
      const path = join(held.directory, 'state.json')
      const last = parseJson(readSmallText(path, MAX_STATE)) as { status?: string } | undefined
      const state = last?.status === 'exited' ? last : { version: 1, status: 'created' }
      replaceFile(path, `${JSON.stringify({ ...state, exitCode: EXIT_CODE, error })}\n`, true)
    })
  } catch (failure) {
    if (!(failure instanceof LighterError)) throw failure
  }
}

const MISSING = /executable file not found|no such file or directory/
const NOT_EXECUTABLE = /permission denied|is a directory/

/** What Docker counts a failed start as. It goes by the words, whatever they are about: a device that is missing counts as a command. */
export const startFailureCode = (message: string): ErrorCode =>
  MISSING.test(message)
    ? 'command-not-found'
    : NOT_EXECUTABLE.test(message)
      ? 'command-not-executable'
      : 'start-failed'
