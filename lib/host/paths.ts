import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { lazyOs } from '../core/lazy.ts'
import { bootId } from '../fs/boot-id.ts'

/** Where things are for this user. All absolute. */
export interface HostPaths {
  /** `$XDG_DATA_HOME/lighter`: everything that must survive. */
  data: string
  /** `$XDG_RUNTIME_DIR/lighter`: sockets and locks, may vanish at any time. */
  runtime: string
  /** `$DOCKER_CONFIG` or `~/.docker`. */
  dockerConfig: string
  /** `$XDG_CONFIG_HOME/lighter/config.json`. */
  config: string
  plugins: PluginPlaces
}

/** Where plugins are looked for, as Docker does for root and without root. */
export interface PluginPlaces {
  /** Directories with `NAME.sock`. */
  sockets: string[]
  /** Directories with `NAME.spec` and `NAME.json`, which say where the plugin listens. */
  specs: string[]
}

type Environment = Readonly<Record<string, string | undefined>>

const DATA_FORMAT = '1'

/**
 * Finds the directories of this user. Variables inherited from another user's session (`sudo`, `su`) are not
 * believed: a directory counts only when it belongs to this user.
 */
export function findPaths(environment: Environment, uid: number): HostPaths {
  const home = findHome(environment, uid)
  const dockerConfig = environment.DOCKER_CONFIG || join(home, '.docker')
  const configHome = ownDirectory(environment.XDG_CONFIG_HOME, uid) ?? join(home, '.config')
  const session =
    privateDirectory(environment.XDG_RUNTIME_DIR, uid) ?? privateDirectory(`/run/user/${uid}`, uid)
  const common = {
    dockerConfig,
    config: join(configHome, 'lighter', 'config.json'),
    plugins: uid === 0 ? ROOT_PLUGINS : userPlugins(home, configHome, session),
  }
  const chosen = environment.LIGHTER_DATA_DIR
  if (chosen) {
    if (!isAbsolute(chosen)) {
      throw new LighterError('host-setup', `LIGHTER_DATA_DIR must be an absolute path: "${chosen}"`)
    }
    return { data: chosen, runtime: join(chosen, 'run', bootKey()), ...common }
  }
  if (uid === 0) return { data: '/var/lib/lighter', runtime: '/run/lighter', ...common }
  const dataHome = ownDirectory(environment.XDG_DATA_HOME, uid) ?? join(home, '.local', 'share')
  const data = join(dataHome, 'lighter')
  const runtime = session ? join(session, 'lighter') : join(data, 'run', bootKey())
  return { data, runtime, ...common }
}

const ROOT_PLUGINS: PluginPlaces = {
  sockets: ['/run/docker/plugins'],
  specs: ['/etc/docker/plugins', '/usr/lib/docker/plugins'],
}

const userPlugins = (
  home: string,
  configHome: string,
  session: string | undefined,
): PluginPlaces => ({
  sockets: session === undefined ? [] : [join(session, 'docker/plugins')],
  specs: [join(configHome, 'docker/plugins'), join(home, '.local/lib/docker/plugins')],
})

/** Makes what is missing of the two directories and checks owner and format of the data. */
export function ensurePaths(paths: HostPaths, uid: number): void {
  const format = readFormat(paths.data) ?? createData(paths.data)
  const owner = statSync(paths.data).uid
  if (owner !== uid) {
    throw new LighterError('host-setup', `${paths.data} belongs to the user with id ${owner}`, {
      hint: 'LIGHTER_DATA_DIR names another directory to keep images and containers in.',
    })
  }
  if (format !== DATA_FORMAT) {
    throw new LighterError(
      'state-format',
      `The data in ${paths.data} has format ${format}; this program knows format ${DATA_FORMAT}`,
      { hint: 'Use the newer version of the program that wrote it.' },
    )
  }
  makeDirectory(join(paths.runtime, 'containers'))
}

function createData(data: string): string {
  makeDirectory(data)
  const draft = join(data, `version.${process.pid}.tmp`)
  try {
    // No secret: whoever may look into the directory may know.
    writeFileSync(draft, `${DATA_FORMAT}\n`, { mode: 0o644 })
    chmodSync(draft, 0o644)
    linkSync(draft, join(data, 'version'))
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw hostError(error, `Cannot write to ${data}`)
  } finally {
    rmSync(draft, { force: true })
  }
  return readFormat(data) ?? DATA_FORMAT
}

function readFormat(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'version'), 'utf8').trim()
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw hostError(error, `Cannot read ${join(data, 'version')}`)
  }
}

function makeDirectory(path: string): void {
  try {
    makeParents(path)
  } catch (error) {
    throw hostError(error, `Cannot make the directory ${path}`)
  }
}

/** Not Node's `recursive`: that one never ends below /proc, where a parent exists and takes no child. */
function makeParents(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if (isErrno(error, 'EEXIST') && statSync(path).isDirectory()) return
    const parent = dirname(path)
    if (!isErrno(error, 'ENOENT') || parent === path || existsSync(parent)) throw error
    makeParents(parent)
    makeParents(path)
  }
}

function hostError(error: unknown, what: string): LighterError {
  const reason = error instanceof Error ? error.message.replace(/, [a-z]+ '.*$/, '') : String(error)
  return new LighterError('host-setup', `${what}: ${reason}`, {
    cause: error,
    hint: 'LIGHTER_DATA_DIR names another directory to keep images and containers in.',
  })
}

/** `$HOME` unless it is somebody else's, as after `sudo -u`; then what the user database says. */
function findHome(environment: Environment, uid: number): string {
  const home = ownDirectory(environment.HOME, uid)
  if (home) return home
  try {
    return lazyOs().userInfo().homedir
  } catch {
    return environment.HOME || '/'
  }
}

function ownDirectory(path: string | undefined, uid: number): string | undefined {
  return path && isAbsolute(path) && (ownerOf(path)?.uid ?? uid) === uid ? path : undefined
}

function privateDirectory(path: string | undefined, uid: number): string | undefined {
  if (!path || !isAbsolute(path)) return undefined
  const owner = ownerOf(path)
  return owner?.uid === uid && owner.directory && (owner.mode & 0o077) === 0 ? path : undefined
}

function ownerOf(path: string): { uid: number; mode: number; directory: boolean } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat && { uid: stat.uid, mode: stat.mode, directory: stat.isDirectory() }
}

/** Sockets of an earlier boot are of no use: each boot has a directory of its own. */
const bootKey = (): string => bootId().slice(0, 8)
