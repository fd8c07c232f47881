import type { ChildProcess } from 'node:child_process'
import { type Readable, Transform, type Writable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { begunOutput } from './checked-output.ts'
import { failureError, parseReports } from './native.ts'
import { goneMeanwhile, type View, viewArguments } from './view.ts'

/** One end of a copy: inside a container, or on the host. */
export interface FilesEnd {
  program: string
  /** Absent: on the host, with the caller's own rights. */
  view?: View
  path: string
}

export interface FileStatus {
  mode: number
  /** Bytes. */
  size: number
  /** Of the last change of what is in it, in nanoseconds since 1970. */
  modified: bigint
  /** Of a symbolic link. */
  target: string
}

/** Looks at a path, whose last component is not followed; `undefined` when it is not there. */
export async function statFile(end: FilesEnd): Promise<FileStatus | undefined> {
  const child = start('stat', end, [], ['ignore', 'pipe', 'pipe'])
  let text = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  const error = await ending(child)
  if (error?.code === 'command-not-found') return undefined
  if (error) throw error
  const [report] = parseReports(text)
  if (report?.event !== 'status')
    throw new LighterError('native', 'lighter-native files said nothing')
  const { mode, size, seconds, nanoseconds, target } = report
  return { mode, size, target, modified: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds) }
}

/** Writes an archive of a file or tree, whose entries begin with `name`, to standard output. */
export async function readFilesToStdout(end: FilesEnd, name: string): Promise<void> {
  const child = start('read', end, ['--name', name], ['ignore', 1, 'pipe'])
  const error = await endOfReading(child, end)
  // Who reads may have had enough.
  if (error && !error.message.includes('SIGPIPE')) throw error
}

/**
 * Opens an archive of a file or tree, whose entries begin with `name`. It is a whole one where its stream ends without an error. Throws
 * what kept it from beginning.
 */
export async function openArchive(
  end: FilesEnd,
  name: string,
  signal: AbortSignal,
): Promise<Readable> {
  const child = start('read', end, ['--name', name], ['ignore', 'pipe', 'pipe'])
  const kill = (): boolean => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  const ended = endOfReading(child, end).finally(() => signal.removeEventListener('abort', kill))
  return await begunOutput(child.stdout as Readable, ended)
}

export interface UnpackOptions {
  /** Of the container; absent: as the archive says. */
  owner?: string
  /** A directory takes the place of another object, and the other way round; else that is refused. */
  overwrite: boolean
  /** Makes of the archive one that the native program reads: plain, or compressed with gzip or zstd. */
  expand(archive: Readable): Promise<Readable>
  signal: AbortSignal
}

/**
 * Unpacks an archive into a directory. Nothing of it is read before all else is in order: what is thrown until then leaves it whole for
 * another try, and `onReady` is called.
 */
export async function unpackArchive(
  end: FilesEnd,
  archive: Readable,
  { owner, overwrite, expand, signal }: UnpackOptions,
  onReady: () => void,
): Promise<void> {
  const options = [
    '--announce',
    ...(owner === undefined ? ['--keep-owners'] : ['--owner', owner]),
    ...(overwrite ? ['--overwrite'] : []),
  ]
  const child = start('write', end, options, ['pipe', 'pipe', 'pipe'])
  const kill = (): boolean => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  const ended = ending(child).finally(() => signal.removeEventListener('abort', kill))
  child.stdin?.on('error', () => undefined)
  let failure: unknown
  const fail = (error: unknown): void => {
    failure ??= error
    kill()
  }
  child.stdout?.once('data', () => {
    onReady()
    archive.on('aborted', kill)
    if (child.stdin) feed(archive, expand, child.stdin, fail).catch(fail)
  })
  const error = inWordsOfArchives(await ended)
  if (failure instanceof LighterError) throw failure
  if (error) throw error
}

/** Whoever reads layers says so of them; here it is no layer, and the words are Docker's. */
const inWordsOfArchives = (error: LighterError | undefined): LighterError | undefined =>
  error?.message.startsWith("the layer's compressed stream is cut off")
    ? new LighterError(error.code, 'unexpected EOF', { cause: error })
    : error

/** An archive that breaks off is not one that ends: whoever unpacks it must not take it for whole. */
async function feed(
  given: Readable,
  expand: UnpackOptions['expand'],
  stdin: Writable,
  fail: (error: unknown) => void,
): Promise<void> {
  given.on('error', fail)
  const archive = await expand(given)
  if (archive !== given) archive.on('error', fail)
  const stop = (): void => {
    archive.unpipe(stdin)
    if (archive !== given) archive.destroy()
  }
  stdin.on('close', stop)
  if (stdin.destroyed) stop()
  else archive.pipe(stdin)
}

/** Unpacks the archive on standard input into a directory. */
export async function writeFilesFromStdin(end: FilesEnd, keepOwners: boolean): Promise<void> {
  const child = start('write', end, flags(keepOwners), [0, 'ignore', 'pipe'])
  const error = inWordsOfArchives(await ending(child))
  if (error) throw error
}

/** Copies a file or tree to a directory, where it is called `name` (`.`: its contents go there). */
export async function copyFiles(
  from: FilesEnd,
  to: FilesEnd,
  name: string,
  keepOwners: boolean,
  onBytes: (count: number) => void,
): Promise<void> {
  const source = start('read', from, ['--name', name], ['ignore', 'pipe', 'pipe'])
  const sink = start('write', to, flags(keepOwners), ['pipe', 'ignore', 'pipe'])
  const ends = [endOfReading(source, from), ending(sink)] as const
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      onBytes(chunk.length)
      done(null, chunk)
    },
  })
  // Who stops reading or writing says why itself.
  for (const stream of [source.stdout, counter, sink.stdin]) stream?.on('error', () => undefined)
  if (source.stdout && sink.stdin) source.stdout.pipe(counter).pipe(sink.stdin)
  sink.stdin?.on('close', () => source.stdout?.destroy())
  const [read, written] = await Promise.all([
    ends[0].then(inWordsOf(from)),
    ends[1].then(inWordsOf(to)),
  ])
  const error = read?.code === 'native' ? (written ?? read) : (read ?? written)
  if (error) throw error
}

/** What happens on the host is the command's own to say, not a daemon's. */
const inWordsOf =
  ({ view }: FilesEnd) =>
  (error: LighterError | undefined): LighterError | undefined =>
    error && !view && (error.code === 'bad-input' || error.code === 'command-not-found')
      ? new LighterError('usage', error.message)
      : error

const flags = (keepOwners: boolean): string[] => (keepOwners ? ['--keep-owners'] : [])

function start(
  action: string,
  { program, view, path }: FilesEnd,
  more: string[],
  stdio: ('ignore' | 'pipe' | number)[],
): ChildProcess {
  const args = ['files', action, '--path', path, ...more, ...(view ? viewArguments(view) : [])]
  return lazyChildProcess().spawn(program, args, { stdio })
}

/** Resolves to what kept it from reading all that is there. */
async function endOfReading(
  child: ChildProcess,
  { view }: FilesEnd,
): Promise<LighterError | undefined> {
  const error = await ending(child)
  // Whatever was wrong is for that reason.
  return (view && goneMeanwhile(view)) ?? error
}

/** Resolves to what it failed with. */
async function ending(child: ChildProcess): Promise<LighterError | undefined> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(0, 64 * 1024)
  })
  const how = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 1))
  })
  if (how === 0) return undefined
  const line = said.split('\n').find((text) => text.startsWith('{'))
  const [report] = line ? parseReports(line) : []
  if (report?.event === 'failed') return failureError(report)
  return new LighterError('native', `lighter-native files ended with ${how}: ${said.slice(0, 500)}`)
}
