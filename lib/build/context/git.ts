import { lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LighterError } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { ownIdentity } from '../../host/process.ts'
import { DirectoryView } from './directory-view.ts'
import { type GitAddress, redactedRemote } from './git-address.ts'
import { type Environment, GitFailure, type GitRun, runGit } from './git-program.ts'
import { cleanSource, follow } from './view.ts'

export interface GitOptions {
  keepGitDirectory: boolean
  environment: Environment
  /** Secrets of the build: `GIT_AUTH_TOKEN`, `GIT_AUTH_HEADER`, each also with `.HOST`. */
  secret(id: string): Buffer | undefined
  signal: AbortSignal | undefined
}

/** What was fetched; it is there until it is released. */
export interface FetchedRepository {
  /** Of the files, the wanted part of them. */
  directory: string
  commit: string
  release(): void
}

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
    const found = await fetchInto(draft, address, options)
    return { ...found, release }
  } catch (error) {
    release()
    throw error instanceof GitFailure ? fetchFailed(address.remote, error) : error
  }
}

async function fetchInto(
  draft: string,
  address: GitAddress,
  { keepGitDirectory, environment, secret, signal }: GitOptions,
): Promise<{ directory: string; commit: string }> {
  const tree = join(draft, 'files')
  const keep = address.keepGitDirectory ?? keepGitDirectory
  const directory = keep ? join(tree, '.git') : join(draft, 'git')
  mkdirSync(tree, { mode: 0o755 })
  mkdirSync(join(draft, 'home'), { mode: 0o700 })
  const settings = authorization(address.remote, secret)
  const run: GitRun = { home: join(draft, 'home'), directory, tree, environment, settings, signal }
  await runGit({ ...run, tree: undefined }, ['init', '--quiet', '--template=', tree])
  await runGit(run, ['remote', 'add', 'origin', redactedRemote(address.remote)])
  const fetched = await fetchCommit(run, address)
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

/** Returns the name that it has here. */
async function fetchCommit(run: GitRun, { remote, ref = 'HEAD' }: GitAddress): Promise<string> {
  const base = ['fetch', '--quiet', '--no-tags', '--force', '--update-head-ok']
  try {
    await runGit(run, [...base, '--depth=1', '--', remote, ref])
    return 'FETCH_HEAD'
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    if (/couldn't find remote ref/i.test(error.said)) throw withoutRef(ref, error)
    if (!COMMIT.test(ref)) throw fetchFailed(remote, error)
    return await fetchAll(run, remote, ref)
  }
}

/** A server that does not give away single commits gives its branches and tags. */
async function fetchAll(run: GitRun, remote: string, commit: string): Promise<string> {
  const refs = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*']
  try {
    await runGit(run, ['fetch', '--quiet', '--force', '--', remote, ...refs])
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error
    throw fetchFailed(remote, error)
  }
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
  const own = { ...run, settings: [...run.settings, ['remote.origin.url', remote] as const] }
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
}

function checkCommit({ commit: wanted }: GitAddress, commit: string): void {
  if (wanted === undefined || commit.startsWith(wanted)) return
  throw failed(`expected checksum to match ${wanted}, got ${commit}`)
}

/** A link in the repository leads nowhere else. */
function findSubdirectory(tree: string, { subdirectory }: GitAddress): string {
  const view = new DirectoryView(tree, undefined)
  const path = cleanSource(subdirectory)
  const { path: missing, entry } = follow(view, path)
  if (!entry) throw failed(`open ${missing}: no such file or directory`)
  if (entry.type !== 'directory') throw failed(`subdir ${path} is not a directory`)
  return view.hostPath(entry)
}

/** How the user is known to the server. */
function authorization(
  remote: string,
  secret: (id: string) => Buffer | undefined,
): [name: string, value: string][] {
  if (!/^https?:/.test(remote)) return []
  const { host, origin } = new URL(remote)
  for (const suffix of [`.${host}`, '']) {
    const header = secret(`GIT_AUTH_HEADER${suffix}`)?.toString().trim()
    const token = secret(`GIT_AUTH_TOKEN${suffix}`)?.toString().trim()
    const basic = token && Buffer.from(`x-access-token:${token}`).toString('base64')
    const value = header || (basic && `basic ${basic}`)
    if (value) return [[`http.${origin}/.extraheader`, `Authorization: ${value}`]]
  }
  return []
}

const withoutRef = (ref: string, cause: GitFailure): LighterError =>
  failed(`repository does not contain ref ${ref}, output: ""`, cause)

const fetchFailed = (remote: string, cause: GitFailure): LighterError =>
  failed(`failed to fetch remote ${redactedRemote(remote)}: ${cause.message}`, cause)

const failed = (message: string, cause?: unknown): DockerfileError =>
  new DockerfileError(message, undefined, { cause })
