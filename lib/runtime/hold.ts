import type { ChildProcess } from 'node:child_process'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { failureError, parseReports } from './native.ts'

/**
 * The right to change what a container is, held by a process of the native program: the kernel takes it back when either
 * process dies, so it is never stale. Who wants it too waits.
 */
export class Hold implements Disposable {
  readonly #child: ChildProcess
  #lines = ''
  #heard: () => void = () => undefined
  #ended = false

  private constructor(program: string, directory: string, signal: AbortSignal | undefined) {
    const args = ['hold', '--container', directory]
    const stdio: ['pipe', 'pipe', 'ignore'] = ['pipe', 'pipe', 'ignore']
    const child = lazyChildProcess().spawn(program, args, { stdio, ...(signal ? { signal } : {}) })
    this.#child = child
    child.stdin.on('error', () => undefined)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#lines += text
      this.#heard()
    })
    const end = (): void => {
      this.#ended = true
      this.#heard()
    }
    child.on('error', end)
    child.on('close', end)
  }

  /** Waits until it is this process's turn, no longer than until `signal` says. Throws when the container is gone. */
  static async open(program: string, directory: string, signal?: AbortSignal): Promise<Hold> {
    const hold = new Hold(program, directory, signal)
    await hold.#answer()
    return hold
  }

  /**
   * Waits while the container is being started or is ending: afterwards its state says that it runs, or it does not run and
   * nobody can start it until this is disposed of.
   */
  async settled(): Promise<void> {
    this.#child.stdin?.write('s')
    await this.#answer()
  }

  [Symbol.dispose](): void {
    this.#child.stdin?.end()
    this.#child.unref()
  }

  async #answer(): Promise<void> {
    while (!this.#lines.includes('\n') && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
    const [line = '', ...more] = this.#lines.split('\n')
    this.#lines = more.join('\n')
    const [report] = parseReports(line)
    if (report?.event === 'failed') throw failureError(report)
    if (report?.event !== 'done')
      throw new LighterError('native', 'lighter-native hold said nothing')
  }
}
