import type { BuildProgress } from '../../lib/build/progress.ts'
import { StatusLog } from '../buildkit/job/status-log.ts'
import { loadCodecs } from '../buildkit/wire/codec.ts'
import { statusResponse } from '../buildkit/wire/types.ts'
import type { ProgressStream } from '../images/progress.ts'

/** A build told as BuildKit tells it to clients that have no session with it: its messages in a stream of progress. */
export interface Trace {
  progress: BuildProgress
  /** Nothing more happens. Returns once all is told. */
  end(): Promise<void>
}

/** `signal`: nobody reads any more. */
export async function openTrace(stream: ProgressStream, signal: AbortSignal): Promise<Trace> {
  await loadCodecs()
  const log = new StatusLog()
  const telling = tellAll(log, stream, signal)
  return {
    progress: log,
    end: async () => {
      log.end()
      await telling
    },
  }
}

async function tellAll(log: StatusLog, stream: ProgressStream, signal: AbortSignal): Promise<void> {
  for await (const status of log.read(signal)) {
    const aux = Buffer.from(statusResponse.encode(status)).toString('base64')
    stream.tell({ id: 'moby.buildkit.trace', aux })
    // What a slow client has not read yet is held once.
    await stream.drained()
  }
}
