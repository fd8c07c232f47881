import { closeSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LighterError } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { readSmallText } from '../../fs/read.ts'
import { ownIdentity } from '../../host/process.ts'
import {
  authorization,
  openNameless,
  type ReadSecret,
  withoutLogin,
  writeSshConfig,
} from './git-access.ts'
import { type GitAddress, redactedRemote } from './git-address.ts'
import {
  type Environment,
  GitFailure,
  type GitRun,
  type GitSsh,
  runGit,
  SSH_CONFIG,
} from './git-program.ts'
import { cleanSource } from './view.ts'

export interface GitOptions {
  keepGitDirectory: boolean
  environment: Environment
  secret: ReadSecret
  ssh: GitSsh
  signal: AbortSignal | undefined
}

/** What was fetched; it is there until it is released. */
export interface FetchedRepository {
  /** Of the files, the wanted part of them. */
  directory: string
  commit: string
  release(): void
}

const MAX_FETCHED = 64 * 1024
const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/

/** Fetches one commit of a repository, with its submodules. Throws `build`, `host-setup`. */
export async function fetchGit(
  engine: Engine,
  address: GitAddress,
  options: GitOptions,
): Promise<FetchedRepository> {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  const release = () => rmSync(draft, { recursive: true, force: true, maxRetries: 3 })
  try {
    using secrets = await openSecrets(engine, address, options)
    const found = await fetchInto(draft, address, { ...options, secrets: secrets.fd })
    return { ...found, release }
  } catch (error) {
    release()
    throw error instanceof GitFailure ? fetchFailed(address.remote, error) : error
  }
}

/** What the server is told, for as long as it is needed. */
async function openSecrets(
  { paths }: Engine,
  { remote }: GitAddress,
  { secret }: GitOptions,
): Promise<Disposable & { fd: number | undefined }> {
  const text = await authorization(remote, secret)
  const fd = text === undefined ? undefined : openNameless(paths.runtime, text)
  return { fd, [Symbol.dispose]: () => fd !== undefined && closeSync(fd) }
}

async function fetchInto(
  draft: string,
  address: GitAddress,
  {
    keepGitDirectory,
    environment,
    secrets,
    ssh,
    signal,
  }: GitOptions & { secrets: number | undefined },
): Promise<{ directory: string; commit: string }> {
  const tree = join(draft, 'files')
  const keep = address.keepGitDirectory ?? keepGitDirectory
  const directory = keep ? join(tree, '.git') : join(draft, 'git')
  mkdirSync(tree, { mode: 0o755 })
  mkdirSync(join(draft, 'home'), { mode: 0o700 })
  const home = join(draft, 'home')
  writeSshConfig(join(home, SSH_CONFIG), ssh.isOwn)
  const run: GitRun = { home, directory, tree, environment, settings: [], secrets, ssh, signal }
  await runGit({ ...run, tree: undefined }, ['init', '--quiet', '--template=', tree])
  await runGit(run, ['remote', 'add', 'origin', redactedRemote(address.remote)])
  const wanted = keep ? await withBranch(run, address) : address
  const fetched = await fetchCommit(run, wanted)
  if (keep) await nameFetched(run)
  const commit = (await runGit(run, ['rev-parse', `${fetched}^{commit}`])).trim()
  checkCommit(address, commit)
  await runGit(run, ['checkout', '--quiet', '--detach', commit])
  if (address.submodules) await fetchSubmodules(run, address)
  if (!keep) {
    rmSync(directory, { recursive: true, force: true })
    removeMarks(tree)
  } else await forgetHistory(run)
  return { directory: findSubdirectory(tree, address), commit }
}

/** The name of the default branch, where none is wanted: it is kept. */
async function withBranch(run: GitRun, address: GitAddress): Promise<GitAddress> {
  if (address.ref !== undefined) return address
  const said = await runGit(run, [
    'ls-remote',
    '--symref',
    '--',
    withoutLogin(address.remote),
    'HEAD',
  ])
  const ref = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(said)?.[1]
  return { ...address, ref }
}

/** What was asked for by a name has it in a repository that is kept, too. (git fetch: FETCH_HEAD) */
async function nameFetched(run: GitRun): Promise<void> {
  const text = readSmallText(join(run.directory, 'FETCH_HEAD'), MAX_FETCHED) ?? ''
  const [, object = '', kind, name] =
    /^([0-9a-f]+)\t\t(?:(tag|branch) )?'([^']+)' of /.exec(text) ?? []
  if (name === undefined) return
  const prefix = { tag: 'refs/tags/', branch: 'refs/heads/' }[kind ?? ''] ?? ''
  if (`${prefix}${name}`.startsWith('refs/'))
    await runGit(run, ['update-ref', `${prefix}${name}`, object])
}

/** Returns the name that it has here. */
async function fetchCommit(run: GitRun, address: GitAddress): Promise<string> {
  const { ref = 'HEAD' } = address
  const remote = withoutLogin(address.remote)
  const base = ['fetch', '--quiet', '--no-tags', '--force', '--update-head-ok']
  try {
    await runGit(run, [...base, '--depth=1', '--', remote, ref])
    return 'FETCH_HEAD'
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    if (/couldn't find remote ref/i.test(error.said)) throw withoutRef(ref, error)
    if (!COMMIT.test(ref)) throw error
    return await fetchAll(run, remote, ref)
  }
}

/** A server that does not give away single commits gives its branches and tags. */
async function fetchAll(run: GitRun, remote: string, commit: string): Promise<string> {
  const refs = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*']
  await runGit(run, ['fetch', '--quiet', '--force', '--', remote, ...refs])
  try {
    await runGit(run, ['cat-file', '-e', `${commit}^{commit}`])
    return commit
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    throw withoutRef(commit, error)
  }
}

async function fetchSubmodules(run: GitRun, { remote }: GitAddress): Promise<void> {
  if (!lstatSync(join(run.tree ?? '', '.gitmodules'), { throwIfNoEntry: false })?.isFile()) return
  // Their addresses may be relative to that of the repository.
  const own = {
    ...run,
    settings: [...run.settings, ['remote.origin.url', withoutLogin(remote)] as const],
  }
  const update = ['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1']
  try {
    await runGit(own, update)
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    throw failed(
      `failed to update submodules for ${redactedRemote(remote)}: ${error.message}`,
      error,
    )
  }
}

/** Files `.git` of submodules, which say where their repositories were. */
function removeMarks(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) removeMarks(path)
    else if (entry.name === '.git') rmSync(path)
  }
}

/** What differs each time a repository is fetched says nothing. */
async function forgetHistory(run: GitRun): Promise<void> {
  await runGit(run, ['reflog', 'expire', '--all', '--expire=now'])
  rmSync(join(run.directory, 'FETCH_HEAD'), { force: true })
  // The index has times and inodes of the files; read anew it has none.
  await runGit(run, ['read-tree', 'HEAD'])
}

function checkCommit({ commit: wanted }: GitAddress, commit: string): void {
  if (wanted === undefined || commit.startsWith(wanted)) return
  throw failed(`expected checksum to match ${wanted}, got ${commit}`)
}

/** No link of the repository is followed. */
function findSubdirectory(tree: string, { subdirectory }: GitAddress): string {
  const path = cleanSource(subdirectory)
  const names = path === '' ? [] : path.split('/')
  for (const [index, name] of names.entries()) {
    const part = names.slice(0, index + 1).join('/')
    const stat = lstatSync(join(tree, part), { throwIfNoEntry: false })
    const why = stat
      ? `git subpath "/${path}" contains non-directory "${part}"`
      : `failed to lstat "${part}": statat ${name}: no such file or directory`
    if (!stat?.isDirectory()) throw failed(`invalid subdir /${path}: ${why}`)
  }
  return join(tree, path)
}

const withoutRef = (ref: string, cause: GitFailure): LighterError =>
  failed(`repository does not contain ref ${ref}, output: ""`, cause)

const fetchFailed = (remote: string, cause: GitFailure): LighterError =>
  failed(
    `failed to fetch remote ${redactedRemote(remote)}: ${cause.message}`,
    cause,
    /returned error: 30\d/.test(cause.said) ? MOVED : undefined,
  )

const MOVED =
  'The server answers with another address, and secrets go to no other: build from that one.'

const failed = (message: string, cause?: unknown, hint?: string): DockerfileError =>
  new DockerfileError(message, undefined, { cause, ...(hint === undefined ? {} : { hint }) })
