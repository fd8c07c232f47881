import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import type { Container } from '../../lib/container/catalog.ts'
import { logDriver } from '../../lib/container/log-config.ts'
import type { LogOptions, LogRecord } from '../../lib/container/log-record.ts'
import { streamFrame } from './stream-frame.ts'

const WHOLE: LogOptions = { follow: false, since: undefined, until: undefined, tail: undefined }

interface LogWishes {
  stdout: boolean
  stderr: boolean
  /** Without frames. */
  isBare: boolean
}

/** What the container has said until now, as an attached client reads it. */
export async function writeLog(
  container: Container,
  { stdout, stderr, isBare }: LogWishes,
  client: Duplex,
): Promise<void> {
  for await (const records of openLog(container)) {
    for (const { stream, text } of records) {
      if (!(stream === 'stdout' ? stdout : stderr)) continue
      const bytes = Buffer.from(text)
      const isFull = !client.write(
        isBare || container.record.config.tty
          ? bytes
          : streamFrame(stream === 'stdout' ? 1 : 2, bytes),
      )
      if (client.destroyed) return
      if (isFull) await Promise.race([once(client, 'drain'), once(client, 'close')])
    }
  }
}

async function* openLog(container: Container): AsyncGenerator<LogRecord[]> {
  if (logDriver(container.record.host.logConfig) === 'journald') {
    const { readJournal } = await import('../../lib/container/journal-log.ts')
    for await (const record of readJournal(container, WHOLE)) yield [record]
    return
  }
  const { readLogs } = await import('../../lib/container/logs.ts')
  yield* readLogs(container, WHOLE, container.record.id)
}
