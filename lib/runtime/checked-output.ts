import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { goneMeanwhile, type View, viewArguments } from './view.ts'

/**
 * What a program writes to its standard output, whole where it ends without an error: `ended` resolves to what the program failed with.
 */
export function checkedOutput(
  stdout: NodeJS.ReadableStream,
  ended: Promise<LighterError | undefined>,
): Readable {
  return streamOf(readChecked(stdout, ended))
}

/** The same, once it has begun: throws what kept it from beginning. */
export async function begunOutput(
  stdout: NodeJS.ReadableStream,
  ended: Promise<LighterError | undefined>,
): Promise<Readable> {
  const pieces = readChecked(stdout, ended)
  const first = await pieces.next()
  return streamOf(withFirst(first, pieces))
}

function streamOf(pieces: AsyncGenerator<Buffer>): Readable {
  const { Readable } = process.getBuiltinModule('node:stream')
  return Readable.from(pieces, { objectMode: false })
}

async function* readChecked(
  stdout: NodeJS.ReadableStream,
  ended: Promise<LighterError | undefined>,
): AsyncGenerator<Buffer> {
  for await (const chunk of stdout) yield chunk as Buffer
  const error = await ended
  if (error) throw error
}

async function* withFirst(
  first: IteratorResult<Buffer>,
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  if (!first.done) yield first.value
  yield* rest
}

/**
 * Calls a verb of the native program that reads a container's files, and whose failure is a sentence on standard error, for what it
 * writes; `signal` ends it.
 */
export async function openNativeOutput(
  program: string,
  verb: string[],
  view: View,
  signal: AbortSignal,
): Promise<Readable> {
  const args = [...verb, ...viewArguments(view)]
  const child = lazyChildProcess().spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const kill = (): boolean => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  const ended = endOfReading(child, view).finally(() => signal.removeEventListener('abort', kill))
  return await begunOutput(child.stdout, ended)
}

/** Resolves to what kept a program from reading all files of a container. */
export async function endOfReading(
  child: ChildProcess,
  view: View,
): Promise<LighterError | undefined> {
  const error = await sentenceOf(child)
  // Whatever was wrong is for that reason.
  return goneMeanwhile(view) ?? error
}

/** Resolves to the sentence that a program failed with. */
export async function sentenceOf(child: ChildProcess): Promise<LighterError | undefined> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(0, 4096)
  })
  const code = await new Promise<number | null>((done, reject) => {
    child.on('error', reject)
    child.on('close', done)
  })
  return code === 0
    ? undefined
    : new LighterError('bad-input', said.trim() || 'the program was interrupted')
}
