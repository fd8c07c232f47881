import { statSync } from 'node:fs'
import { basename } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import { readSmallFile } from '../../fs/read.ts'
import type { BuildClient } from '../client.ts'
import type { FileTree } from '../files.ts'
import { makeStep } from '../frontend/make-step.ts'
import type { Step } from '../graph.ts'
import { LABELS } from '../internal-names.ts'
import type { BuildOptions } from '../options.ts'
import type { StepSurroundings } from '../solver/execute-run.ts'
import type { Reporter } from '../solver/reporter.ts'
import { HEAD, isArchive } from './archive-kind.ts'
import {
  DOCKERFILE,
  type FoundDockerfile,
  MAX_DOCKERFILE,
  readHostDockerfile,
  readTreeDockerfile,
} from './dockerfile.ts'
import { type GitAddress, parseGitAddress, redactedRemote } from './git-address.ts'
import { givenDockerfile } from './given-dockerfile.ts'
import { type IgnoreFile, ignoreMatcher, readIgnoreFile } from './ignore.ts'
import { realPath } from './inside.ts'
import type { MatchInfo } from './matcher.ts'
import type { OpenedTree } from './trees.ts'

/** Where a context came from. */
export type ContextSource =
  | { type: 'directory'; path: string }
  | { type: 'stdin' }
  /** A directory of a client's, as it calls it. */
  | { type: 'client'; name: string }
  /** `digest` of what was at the URL. */
  | { type: 'url'; url: string; digest: string }
  | { type: 'git'; remote: string; commit: string }

/** What a build is made of: its Dockerfile (`name`, `bytes`), and the files that COPY takes from. */
export interface OpenedContext {
  name: string
  bytes: Buffer
  tree: FileTree
  ignored: IgnoreFile | undefined
  source: ContextSource
  /** As progress calls it. */
  describe(): string
  /** A failure of the build, with a hint where an ignore file is the reason. */
  explain(error: unknown): unknown
  release(): Promise<void>
}

export interface OpenContextOptions {
  /** What the caller gave the build. */
  given: Given
  /** Told what is read. */
  reporter?: Reporter
  signal: AbortSignal | undefined
}

/** Secrets and agents of ssh, by their names; `undefined`: there is none of that name. */
export type Given = Pick<StepSurroundings, 'secret' | 'agent'>

type Found = Pick<OpenedContext, 'tree' | 'ignored' | 'source' | 'release'> & {
  dockerfile: FoundDockerfile
}

/** What all ways to a context are given. */
interface Request {
  engine: Engine
  options: BuildOptions
  given: Given
  signal: AbortSignal | undefined
  /** Tells of work while it is done. */
  tell<Result>(label: string, work: () => Promise<Result>): Promise<Result>
  /** The same, and how large it is what was read, in bytes. */
  tellSize<Result>(
    words: { label: string; what: string },
    work: () => Promise<Result>,
    sizeOf: (result: Result) => number,
  ): Promise<Result>
}

/**
 * Opens the context of a build and reads its Dockerfile; both are there until it is released. Throws `usage` for what Docker's client
 * has against them, `DockerfileError` for what its builder has.
 */
export async function openContext(
  engine: Engine,
  options: BuildOptions,
  { given, reporter, signal }: OpenContextOptions,
): Promise<OpenedContext> {
  if (options.context === '-' && options.file === '-') {
    const message = "invalid argument: can't use stdin for both build context and dockerfile"
    throw new LighterError('usage', message)
  }
  const tell = <Result>(label: string, work: () => Promise<Result>): Promise<Result> =>
    reporter ? reporter.around(internalStep(label), work) : work()
  const tellSize: Request['tellSize'] = ({ label, what }, work, sizeOf) =>
    reporter
      ? reporter.around(internalStep(label), async ({ read }) => {
          const result = await work()
          read(what, sizeOf(result))
          return result
        })
      : work()
  const found = await findContext({ engine, options, given, signal, tell, tellSize })
  const { dockerfile, ignored, source } = found
  return {
    ...found,
    name: dockerfile.name,
    bytes: dockerfile.bytes,
    describe: () => describeSource(source),
    explain: (error) => explain(error, ignored),
  }
}

const internalStep = (name: string): Step => {
  const operation = { type: 'scratch' } as const
  const step = { name, location: undefined, inputs: [], operation, fresh: false }
  return makeStep(step, ['internal', name])
}

async function findContext(request: Request): Promise<Found> {
  const { context, client } = request.options
  if (client?.directories) return await findAtClient(request, client, client.directories)
  if (context === '-') return await findInStream(request)
  if (statSync(context, { throwIfNoEntry: false })?.isDirectory())
    return await findInDirectory(request, realPath(context) ?? context)
  const address = parseGitAddress(context, true)
  if (address) return await findInRepository(request, address)
  if (/^https?:\/\//.test(context)) return await findAtUrl(request)
  throw new LighterError(
    'usage',
    `unable to prepare context: path ${JSON.stringify(context)} not found`,
  )
}

async function findInDirectory(request: Request, path: string): Promise<Found> {
  const { engine, options, signal, tellSize } = request
  const { file } = options
  const dockerfile = await tellDefinition(
    request,
    async () => (await givenDockerfile(request)) ?? readHostDockerfile(path, file),
  )
  const ignored = await tellSize(
    { label: LABELS.ignore, what: LABELS.transfer('context') },
    async () => readIgnoreFile(path, dockerfile.place),
    (found) => found?.size ?? 0,
  )
  const { openHostTree } = await import('./trees.ts')
  const opened = openHostTree(engine, path, ignored?.patterns ?? [], signal)
  return { ...opened, dockerfile, ignored, source: { type: 'directory', path } }
}

/** The ignore file is the client's, too; what it leaves out is not sent. */
async function findAtClient(
  request: Request,
  client: BuildClient,
  names: NonNullable<BuildClient['directories']>,
): Promise<Found> {
  const { engine, options, signal, tellSize } = request
  const { ClientContext } = await import('./client-context.ts')
  const context = new ClientContext(engine, client, names, signal)
  try {
    const dockerfile = await tellDefinition(request, () => context.readDockerfile(options.file))
    const ignored = await tellSize(
      { label: LABELS.ignore, what: LABELS.transfer('context') },
      () => context.readIgnoreFile(dockerfile),
      (found) => found?.size ?? 0,
    )
    const opened = context.open(ignored?.patterns ?? [])
    return { ...opened, dockerfile, ignored, source: { type: 'client', name: names.context } }
  } catch (error) {
    await context.release()
    throw error
  }
}

const tellDefinition = (
  { options, tellSize }: Request,
  work: () => Promise<FoundDockerfile>,
): Promise<FoundDockerfile> =>
  tellSize(
    { label: definitionLabel(options), what: LABELS.transfer('dockerfile') },
    work,
    ({ bytes }) => bytes.length,
  )

/** An archive, or a Dockerfile that has no context. */
async function findInStream(request: Request): Promise<Found> {
  const { engine, options, signal, tell } = request
  const { peek, readAll } = await import('./stdin.ts')
  const { head, whole } = await peek(options.stdin, HEAD)
  const source = { type: 'stdin' } as const
  if (isArchive(head)) {
    const { openArchive } = await import('./archive.ts')
    const opened = await tell(REMOTE, () => openArchive(engine, whole, signal))
    return await withDockerfile(request, opened, source)
  }
  if (options.file !== undefined) {
    const message = 'ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles'
    throw new LighterError('usage', message)
  }
  const bytes = await readAll(whole, MAX_DOCKERFILE)
  const { openNothing } = await import('./trees.ts')
  const dockerfile = { name: DOCKERFILE, bytes, place: undefined }
  return { ...openNothing(engine), dockerfile, ignored: undefined, source }
}

async function findInRepository(request: Request, address: GitAddress): Promise<Found> {
  const { engine, options, given, signal, tell } = request
  const { environment } = options
  const remote = redactedRemote(address.remote)
  const { openGit } = await import('./trees.ts')
  const opened = await tell(`[internal] load git source ${remote}`, async () => {
    const agent = (await given.agent('default')) ?? environment.SSH_AUTH_SOCK
    const access = { environment, secret: given.secret, ssh: { agent, isOwn: true } }
    return await openGit(engine, address, { keepGitDirectory: false, ...access, signal })
  })
  return await withDockerfile(request, opened, { type: 'git', remote, commit: opened.commit })
}

async function findAtUrl(request: Request): Promise<Found> {
  const { engine, options, signal, tell } = request
  const url = options.context
  const { openNothing, openUrlContext } = await import('./trees.ts')
  const opened = await tell(REMOTE, () => openUrlContext(engine, url, signal))
  const source = { type: 'url', url, digest: opened.file.digest } as const
  if (opened.isArchive) return await withDockerfile(request, opened, source)
  try {
    const bytes = readSmallFile(opened.file.path, MAX_DOCKERFILE) ?? Buffer.alloc(0)
    const dockerfile = { name: DOCKERFILE, bytes, place: undefined }
    return { ...openNothing(engine), dockerfile, ignored: undefined, source }
  } finally {
    await opened.release()
  }
}

/** Of a context that is no directory of the host; no ignore file counts in it. */
async function withDockerfile(
  request: Request,
  opened: OpenedTree,
  source: ContextSource,
): Promise<Found> {
  const { options } = request
  const { tree, release } = opened
  try {
    const dockerfile = await tellDefinition(
      request,
      async () =>
        (await givenDockerfile(request)) ?? (await readTreeDockerfile(tree, options.file)),
    )
    return { tree, release, dockerfile, ignored: undefined, source }
  } catch (error) {
    await release()
    throw error
  }
}

const REMOTE = '[internal] load remote build context'

const definitionLabel = ({ file }: BuildOptions): string =>
  LABELS.definition(file === undefined || file === '-' ? DOCKERFILE : basename(file))

function describeSource(source: ContextSource): string {
  switch (source.type) {
    case 'directory':
      return source.path
    case 'stdin':
      return '-'
    case 'client':
      return source.name
    case 'url':
      return source.url
    case 'git':
      return `${source.remote}#${source.commit}`
  }
}

/** A path that is not found may be one that was left out. */
function explain(error: unknown, ignored: IgnoreFile | undefined): unknown {
  if (!(error instanceof DockerfileError) || !ignored || error.hint !== undefined) return error
  const path = /"\/([^"]+)": not found$/.exec(error.message)?.[1]
  if (path === undefined || !isLeftOut(ignored, path)) return error
  const hint = `${ignored.name} leaves ${path} out.`
  const told = new DockerfileError(error.message, error.location, { cause: error, hint })
  told.source = error.source
  return told
}

/** Whether an ignore file leaves a path out, by itself or with a directory above it. */
export function isLeftOut({ patterns }: IgnoreFile, path: string): boolean {
  const matcher = ignoreMatcher(patterns)
  const parts = path.split('/')
  let last: { matched: boolean; info: MatchInfo } | undefined
  for (const index of parts.keys())
    last = matcher.match(parts.slice(0, index + 1).join('/'), last?.info)
  return last?.matched ?? false
}
