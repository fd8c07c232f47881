import type { ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { findProgram } from '../host/programs.ts'
import type { Container } from './catalog.ts'
import { ExportParser, type JournalEntry, recordOf } from './journal-entries.ts'
import { type LogOptions, type LogRecord, nanoseconds } from './log-record.ts'
import { isLive, readJournalEnd, readState } from './state.ts'

const POLL = 500
/** How long the journal may need to take what the container said last. */
const SETTLE = 3000
const SETTLE_STEP = 100

/**
 * The log of a container in the journal of this host; with `follow` until the container has ended and everything is read.
 * Throws `host-setup`.
 */
export async function* readJournal(
  container: Container,
  options: LogOptions,
): AsyncGenerator<LogRecord> {
  const journal = new Journal(container)
  let cursor: string | undefined
  async function* take(choice: string[], follow: boolean): AsyncGenerator<LogRecord> {
    for await (const entry of journal.read(choice, follow, options.signal)) {
      cursor = entry.get('__CURSOR')?.toString('latin1') ?? cursor
      const record = recordOf(entry)
      if (options.since === undefined || nanoseconds(record) >= options.since) yield record
    }
  }
  const next = (): string[] => (cursor === undefined ? [] : [`--after-cursor=${cursor}`])

  const running = isLive(readState(container.directory))
  if (!running) await journal.settle()
  const phases = [() => lastOf(take(choose(options), false), options)]
  // What comes while the second is being ended is in the third.
  if (options.follow && running)
    phases.push(
      () => take(next(), true),
      () => take(next(), false),
    )
  for (const phase of phases) {
    for await (const record of phase()) {
      if (options.until !== undefined && nanoseconds(record) > options.until) return
      yield record
    }
  }
}

/** Arguments that leave out most of what is not wanted. */
function choose({ since, tail, until }: LogOptions): string[] {
  return [
    // Also of no line: the place to go on from is that of the last.
    ...(tail === undefined || until !== undefined ? [] : [`--lines=${Math.max(tail, 1)}`]),
    // The journal's own time is a little later than the record's.
    ...(since === undefined ? [] : [`--since=@${since / 1_000_000_000n - 1n}`]),
  ]
}

/** The journal counts from its end: where another end is given, and for none at all, it is done here. */
async function* lastOf(
  records: AsyncIterable<LogRecord>,
  { tail, until }: LogOptions,
): AsyncGenerator<LogRecord> {
  if (tail === undefined || (until === undefined && tail > 0)) {
    yield* records
    return
  }
  const kept: LogRecord[] = []
  for await (const record of records) {
    if (until !== undefined && nanoseconds(record) > until) continue
    kept.push(record)
    if (kept.length > tail) kept.shift()
  }
  yield* kept
}

/** What `journalctl` knows of one container. */
class Journal {
  readonly #container: Container
  readonly #program: string

  constructor(container: Container) {
    const program = findProgram('journalctl')
    if (program === undefined) {
      throw new LighterError(
        'host-setup',
        `the log of ${container.record.name} is in the journal, and the program journalctl that reads it is not on this host`,
      )
    }
    this.#container = container
    this.#program = program
  }

  /** With `follow` also what comes, until the container has ended. */
  async *read(
    choice: readonly string[],
    follow: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<JournalEntry> {
    const child = this.#start([...choice, ...(follow ? ['--follow', '--no-tail'] : [])])
    const kill = (): boolean => child.kill()
    signal?.addEventListener('abort', kill)
    const ended = waitForEnd(child)
    let over = false
    if (follow) void this.#endWithContainer(child, () => over)
    const parser = new ExportParser()
    try {
      for await (const chunk of child.stdout ?? []) yield* parser.feed(chunk as Buffer)
    } finally {
      over = true
      signal?.removeEventListener('abort', kill)
      child.kill()
    }
    const complaint = await ended
    if (complaint !== undefined) throw cannotRead(complaint)
  }

  async #endWithContainer(child: ChildProcess, isOver: () => boolean): Promise<void> {
    while (!isOver() && isLive(readState(this.#container.directory))) await delay(POLL)
    if (isOver()) return
    await this.settle()
    child.kill()
  }

  /** Waits until the journal has the last of what an ended container said. */
  async settle(): Promise<void> {
    const end = readJournalEnd(this.#container.directory)
    if (!end || end.ordinal === 0) return
    const fields = [`CONTAINER_LOG_EPOCH=${end.epoch}`, `CONTAINER_LOG_ORDINAL=${end.ordinal}`]
    for (let waited = 0; waited < SETTLE; waited += SETTLE_STEP) {
      for await (const _ of this.read(fields, false)) return
      await delay(SETTLE_STEP)
    }
  }

  /** Only what this user wrote: others could give their own entries the same fields. */
  #start(choice: readonly string[]): ChildProcess {
    const own = `_UID=${process.getuid?.() ?? 0}`
    const match = `CONTAINER_ID_FULL=${this.#container.record.id}`
    const options = ['--quiet', '--all', '--output=export', '--no-pager']
    return lazyChildProcess().spawn(this.#program, [...options, own, match, ...choice], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
}

/** `undefined`, or what it complained about; one that is killed did what it was to do. */
function waitForEnd(child: ChildProcess): Promise<string | undefined> {
  let complaint = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString('utf8')
  })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) => resolve(code ? complaint.trim().split('\n')[0] : undefined))
  })
}

const cannotRead = (complaint: string): LighterError =>
  new LighterError('host-setup', `cannot read the journal of this host: ${complaint}`, {
    hint: 'Who may read it: the group systemd-journal; without it, everybody what is their own, where it is kept on disk (/var/log/journal).',
  })
