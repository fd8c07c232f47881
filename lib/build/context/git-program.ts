import { LighterError } from '../../core/errors.ts'
import { lazyChildProcess } from '../../core/lazy.ts'
import { findProgram } from '../../host/programs.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** How git is run for a build. */
export interface GitRun {
  /** Of a directory that is ours alone: git finds no configuration there. */
  home: string
  /** The repository and its files; `undefined` before it is made. */
  directory: string
  tree: string | undefined
  /** The caller's: proxies and the agent of ssh are taken from it. */
  environment: Environment
  /** Settings beside those that are always made. */
  settings: readonly (readonly [name: string, value: string])[]
  /** A file of git's configuration with what nobody may read elsewhere: in no argument, in no environment. */
  secrets: number | undefined
  ssh: GitSsh
  signal: AbortSignal | undefined
}

/** How ssh gets to the other side. */
export interface GitSsh {
  /** An agent's socket. */
  agent: string | undefined
  /** The caller's own keys and settings of ssh count: the repository is named by the caller, not by a Dockerfile. */
  isOwn: boolean
}

const MAX_OUTPUT = 1024 * 1024
/** Of git's complaints. */
const MAX_SAID = 16 * 1024

/** In the home of git's programs. */
export const SSH_CONFIG = 'ssh_config'

/** Of the caller, what git and ssh need to get to the other side. */
const PASSED =
  /^(PATH|LANG|LC_.*|TZ|SSL_CERT_(FILE|DIR)|GIT_SSL_CAINFO|(https?|all|no)_proxy|(HTTPS?|ALL|NO)_PROXY)$/

/** Nothing that a repository, the user's or the host's configuration says may run a program here or read a file. */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['core.attributesFile', '/dev/null'],
  ['core.excludesFile', '/dev/null'],
  ['core.autocrlf', 'false'],
  ['credential.helper', ''],
  ['protocol.allow', 'never'],
  ['protocol.https.allow', 'always'],
  ['protocol.http.allow', 'always'],
  ['protocol.git.allow', 'always'],
  ['protocol.ssh.allow', 'always'],
  ['init.defaultBranch', 'master'],
  ['advice.detachedHead', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['submodule.recurse', 'false'],
  ['safe.directory', '*'],
]

/** A command of git that ended badly. */
export class GitFailure extends Error {
  readonly said: string
  constructor(said: string, status: string) {
    super(`git stderr:\n${said}: ${status}`)
    this.said = said
  }
}

/** Runs git and returns what it says. Throws `host-setup` where there is no git, and `GitFailure`. */
export async function runGit(run: GitRun, args: readonly string[]): Promise<string> {
  const program = findProgram('git', run.environment.PATH)
  if (program === undefined) {
    throw new LighterError(
      'host-setup',
      'git error: exec: "git": executable file not found in $PATH',
      { hint: 'Repositories are fetched by git: install the package of that name.' },
    )
  }
  run.signal?.throwIfAborted()
  const child = withUsualMask(() =>
    lazyChildProcess().spawn(program, [...args], {
      cwd: run.tree ?? run.home,
      env: environmentOf(run),
      stdio: ['ignore', 'pipe', 'pipe', ...(run.secrets === undefined ? [] : [run.secrets])],
      ...(run.signal ? { signal: run.signal } : {}),
    }),
  )
  let output = ''
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    if (output.length < MAX_OUTPUT) output += chunk.toString('utf8')
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(-MAX_SAID)
  })
  const status = await new Promise<string>((resolve, reject) => {
    let failure: Error | undefined
    child.once('error', (error) => {
      // Of one that is ended the end is waited for: it writes to a directory that is removed then.
      failure = error
      if (child.pid === undefined) reject(error)
    })
    child.once('close', (code, killer) => {
      if (failure) reject(failure)
      else resolve(code === 0 ? '' : killer ? `signal: ${killer}` : `exit status ${code}`)
    })
  })
  if (status !== '') throw new GitFailure(said.replaceAll('\r\n', '\n').trim(), status)
  return output
}

/** Files get the modes that they have everywhere, whatever the caller's umask. */
function withUsualMask<Result>(work: () => Result): Result {
  const mask = process.umask(0o022)
  try {
    return work()
  } finally {
    process.umask(mask)
  }
}

/** Each of git's programs reads it anew, by the descriptor that all of them inherit. */
const SECRETS = '/proc/self/fd/3'

function environmentOf({ home, directory, tree, environment, settings, secrets, ssh }: GitRun) {
  const passed = Object.entries(environment).filter(([name]) => PASSED.test(name))
  const all = [...SETTINGS, ...settings]
  return {
    ...Object.fromEntries(passed),
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: secrets === undefined ? '/dev/null' : SECRETS,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    ...(ssh.agent === undefined ? {} : { SSH_AUTH_SOCK: ssh.agent }),
    // It must not ask for a password either.
    GIT_SSH_COMMAND: `ssh -F "$HOME/${SSH_CONFIG}" -o BatchMode=yes`,
    GIT_ALLOW_PROTOCOL: 'https:http:git:ssh',
    GIT_DIR: directory,
    ...(tree === undefined ? {} : { GIT_WORK_TREE: tree }),
    GIT_CONFIG_COUNT: String(all.length),
    ...Object.fromEntries(
      all.flatMap(([name, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, name],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  }
}
