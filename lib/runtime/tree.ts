import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess, lazyStream } from '../core/lazy.ts'
import { failureError, parseReports, runNative } from './native.ts'
import type { IdMap, NativeReport } from './protocol.ts'
import { parseEntries, type TreeEntry } from './tree-entries.ts'
import { hasSingleId, type UserNamespace } from './userns.ts'

/*
 * Trees that steps of a build write; docs/native-protocol.md, "Trees of builds". Lists of layers are directories `fs`, the topmost
 * first. Each function throws the native program's failures as `LighterError`: `no-space`, `id-range`, `changed-meanwhile` (a file
 * changed while it was read), `bad-input` (what a Dockerfile's author has to mend), `unsupported`; and an `AbortError`.
 */

/** A sealed tree. */
export interface SealedTree {
  /** Of the deterministic archive. */
  diffId: string
  /** Of the files' data. */
  bytes: number
  entries: number
  /** Bytes of the archive. */
  size: number
  /** It has the digest that was expected of it: then large files may have no bytes. */
  isExpected: boolean
}

export interface SealOptions {
  /** Mount points of the step, absolute: left out where they are empty and the layers have none such. */
  placeholders?: readonly string[]
  /** Seconds since 1970: later times are set to it. */
  epoch?: number | undefined
  /** A file that gets the archive; not synced. */
  archive?: string | undefined
  signal?: AbortSignal | undefined
}

/** Makes of an upper directory the tree of a layer, as unpacking its archive would make it. */
export async function sealTree(
  namespace: UserNamespace,
  upper: string,
  lower: readonly string[],
  { placeholders = [], epoch, archive, signal }: SealOptions = {},
): Promise<SealedTree> {
  const reports = await runNative({
    program: namespace.program,
    args: [
      ...['tree', 'seal', ...mapArguments(namespace, '--squash')],
      ...lower.flatMap((directory) => ['--lower', directory]),
      ...placeholders.flatMap((path) => ['--placeholder', path]),
      ...(epoch === undefined ? [] : ['--epoch', String(epoch)]),
      ...(archive === undefined ? [] : ['--archive', archive]),
      ...['--', upper],
    ],
    ...(signal ? { signal } : {}),
  })
  return sealedOf(reports)
}

function sealedOf(reports: readonly NativeReport[]): SealedTree {
  for (const report of reports) {
    if (report.event !== 'sealed') continue
    const { diffId, bytes, entries, size, isExpected } = report
    return { diffId, bytes, entries, size, isExpected }
  }
  throw new LighterError('native', 'lighter-native tree ended without a report of what it sealed')
}

/**
 * The archive of a sealed tree. With `latest` (seconds since 1970) later times are set to it. The stream fails where the tree cannot
 * be read to its end.
 */
export function packTree(
  namespace: UserNamespace,
  tree: string,
  { latest, signal }: { latest?: number | undefined; signal?: AbortSignal | undefined } = {},
): Readable {
  const args = [
    ...['tree', 'pack', ...mapArguments(namespace, '--squash-read')],
    ...(latest === undefined ? [] : ['--rewrite-timestamp', String(latest)]),
    ...['--', tree],
  ]
  return lazyStream().Readable.from(readOutput(namespace.program, args, signal), {
    objectMode: false,
  })
}

/** Owner of what is made: numbers, or `name:group` as /etc/passwd and /etc/group of the tree have them. */
export type TreeOwner = { uid: number; gid: number } | string

/** Where files are copied from: a directory of the host, or layers. */
export type TreeSource = { directory: string } | { layers: readonly string[] }

/** One source of a COPY. `from` and the paths of `only` (relative to it, directories before what is in them) are relative. */
export interface CopyItem {
  from: string
  /** Absolute; with a slash at its end it is a directory. */
  to: string
  /** What a file is called in a directory; absent: as it is where it comes from. */
  name?: string
  /** Absent: all. */
  only?: readonly { path: string; whole: boolean }[]
}

export type TreeOperation =
  | {
      op: 'copy'
      /** Absent: the request's. */
      source?: TreeSource
      items: readonly CopyItem[]
      /** Absent: the source's; files of a host's directory belong to 0:0. */
      owner?: TreeOwner | undefined
      /** Bits, or as chmod(1) takes them. Absent: the source's. */
      mode?: number | string | undefined
      /** Seconds since 1970, of directories on the way to `to` that are made; absent: now. */
      time?: number | undefined
      /** Directories that are there keep their metadata (`--parents`). */
      keepExisting?: boolean
      /** Archives are unpacked in place of being copied (ADD). */
      unpack?: boolean
    }
  | {
      op: 'mkdir'
      path: string
      owner?: TreeOwner | undefined
      mode?: number | string | undefined
      time?: number | undefined
    }
  | {
      op: 'write'
      path: string
      /** base64 */
      content: string
      owner?: TreeOwner | undefined
      mode?: number | string | undefined
      time?: number | undefined
    }
  | {
      op: 'unpack'
      archive: string
      to: string
      owner?: TreeOwner | undefined
      time?: number | undefined
    }

export interface CopyRequest {
  lower: readonly string[]
  /** Is there: empty, or with what earlier operations wrote. */
  upper: string
  source?: TreeSource
  operations: readonly TreeOperation[]
}

/** Carries out what COPY, ADD and WORKDIR do, over layers that are not mounted. */
export async function copyIntoTree(
  namespace: UserNamespace,
  request: CopyRequest,
  signal?: AbortSignal,
): Promise<{ bytes: number; entries: number }> {
  for (const report of await sendRequest(namespace, request, signal)) {
    if (report.event === 'copied') return { bytes: report.bytes, entries: report.entries }
  }
  throw new LighterError('native', 'lighter-native tree copy ended without a report')
}

export interface CopyAndSealOptions extends Omit<SealOptions, 'placeholders'> {
  /** A digest that the layer likely has: a tree of it is there, and is not wanted again. */
  expect?: string | undefined
}

/** As `copyIntoTree` and then `sealTree`, without placeholders: the bytes of large files are read but once. */
export async function copyAndSeal(
  namespace: UserNamespace,
  request: CopyRequest,
  { epoch, archive, expect, signal }: CopyAndSealOptions = {},
): Promise<SealedTree> {
  const seal = {
    ...(epoch === undefined ? {} : { epoch }),
    ...(archive === undefined ? {} : { archive }),
    ...(expect === undefined ? {} : { expect }),
  }
  return sealedOf(await sendRequest(namespace, { ...request, seal }, signal))
}

const sendRequest = (
  namespace: UserNamespace,
  request: CopyRequest & { seal?: object },
  signal: AbortSignal | undefined,
): Promise<NativeReport[]> =>
  runNative({
    program: namespace.program,
    args: ['tree', 'copy', ...mapArguments(namespace, '--squash'), '--request', '-'],
    input: lazyStream().Readable.from([JSON.stringify(request)]),
    ...(signal ? { signal } : {}),
  })

export interface ListOptions {
  /** Levels below each path; 0: the paths alone. */
  depth?: number
  /** Whether contents and attributes are read for their digests; of `attributes` only those. */
  digests?: boolean | 'attributes'
  signal?: AbortSignal | undefined
}

/** What is at and below paths in the union of layers, a directory before what is in it. */
export async function* listTree(
  namespace: UserNamespace,
  layers: readonly string[],
  paths: readonly string[],
  { depth, digests = true, signal }: ListOptions = {},
): AsyncGenerator<TreeEntry> {
  if (paths.length === 0) return
  if (layers.length === 0) return yield* listNothing(paths)
  const args = [
    ...['tree', 'list', ...mapArguments(namespace, '--squash-read')],
    ...(digests === true ? [] : [digests ? '--no-content' : '--no-digest']),
    ...(depth === undefined ? [] : ['--depth', String(depth)]),
    ...['--layers', ...layers, '--', ...paths],
  ]
  yield* parseEntries(readOutput(namespace.program, args, signal))
}

/** What is in a root filesystem without a layer: its root. */
function* listNothing(paths: readonly string[]): Generator<TreeEntry> {
  const nothing = { uid: 0, gid: 0, size: 0, modified: 0, linkGroup: 0 }
  const texts = { target: '', digest: '', attributes: '' }
  for (const given of paths) {
    const path = given.replace(/^\/+/, '')
    const type = path === '' ? 'directory' : 'missing'
    yield { path, type, mode: path === '' ? 0o755 : 0, ...nothing, ...texts }
  }
}

/** Standard output of a verb whose failure is a report on standard error. */
async function* readOutput(
  program: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const child = lazyChildProcess().spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const stop = () => child.kill('SIGKILL')
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(0, MAX_SAID)
  })
  const ended = new Promise<number | string>((done) => {
    child.on('error', (error) => done(error.message))
    child.on('close', (code, killer) => done(code ?? killer ?? ''))
  })
  signal?.addEventListener('abort', stop)
  try {
    signal?.throwIfAborted()
    for await (const chunk of child.stdout) yield chunk as Buffer
    const how = await ended
    signal?.throwIfAborted()
    if (how !== 0) throw failureOf(args, said, how)
  } finally {
    signal?.removeEventListener('abort', stop)
    stop()
  }
}

const MAX_SAID = 8192

function failureOf(args: readonly string[], said: string, how: number | string): LighterError {
  if (said.startsWith('{')) {
    for (const report of parseReports(said))
      if (report.event === 'failed') return failureError(report)
  }
  return new LighterError('native', `lighter-native ${args.slice(0, 2).join(' ')} failed (${how})`)
}

const mapArguments = (
  { idMap }: { idMap: IdMap },
  squash: '--squash' | '--squash-read',
): string[] => ['--id-map', JSON.stringify(idMap), ...(hasSingleId(idMap) ? [squash] : [])]
