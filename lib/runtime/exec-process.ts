import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { lazyChildProcess } from '../core/lazy.ts'
import { nativeEnvironment } from './handover.ts'
import { type FailedReport, parseReports } from './native.ts'

/** A further process of a container that this program serves: `exec` of the native program stands between. */
export class ExecProcess {
  readonly #child: ChildProcess
  readonly #reports: Promise<string>

  constructor(program: string, args: readonly string[], streams: ExecStreams) {
    const pipe = (wanted: boolean) => (wanted ? 'pipe' : 'ignore')
    this.#child = lazyChildProcess().spawn(
      program,
      ['exec', ...args, '--report-fd', '3', '--control-fd', '4'],
      {
        // The last tells the native program of this program's end.
        stdio: [pipe(streams.stdin), pipe(streams.stdout), pipe(streams.stderr), 'pipe', 'pipe'],
        env: nativeEnvironment(),
      },
    )
    for (const stream of this.#child.stdio) stream?.on('error', () => undefined)
    this.#reports = this.#read()
  }

  get stdin(): Writable | null {
    return this.#child.stdin
  }

  get stdout(): Readable | null {
    return this.#child.stdout
  }

  get stderr(): Readable | null {
    return this.#child.stderr
  }

  /** Resolves when it runs, to what kept it from that otherwise. */
  async started(): Promise<FailedReport | undefined> {
    const [first] = parseReports(await this.#reports)
    if (first?.event === 'failed') return first
    if (first) return undefined
    const message = 'lighter-native exec ended without a report'
    return { event: 'failed', kind: 'setup', step: 'exec', errno: 0, message }
  }

  /** Resolves once it has ended, or its client has detached, and all that it wrote has been read. */
  async ended(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    const exit = exitCode === null && signalCode === null ? occurs(this.#child, 'exit') : undefined
    await Promise.all([exit, endOf(this.stdout), endOf(this.stderr)])
  }

  /** Nobody waits for it any more: it goes on, reads an end of file, and what it writes is dropped. */
  leave(): void {
    for (const stream of this.#child.stdio) stream?.destroy()
    this.#child.kill('SIGKILL')
    this.#child.unref()
  }

  /** The first line that it reports, or all that it did. */
  async #read(): Promise<string> {
    const reports = this.#child.stdio[3] as Readable
    return await new Promise((resolve, reject) => {
      let text = ''
      this.#child.once('error', reject)
      reports.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8')
        const end = text.indexOf('\n')
        if (end >= 0) resolve(text.slice(0, end))
      })
      reports.once('close', () => resolve(text))
    })
  }
}

export interface ExecStreams {
  stdin: boolean
  stdout: boolean
  stderr: boolean
}

const endOf = async (stream: Readable | null): Promise<void> => {
  if (stream && !stream.closed) await occurs(stream, 'close')
}

const occurs = (emitter: NodeJS.EventEmitter, event: string): Promise<void> =>
  new Promise((resolve) => emitter.once(event, () => resolve()))
