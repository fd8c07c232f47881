import { posix } from 'node:path'
import { LighterError } from '../core/errors.ts'

/** One `-v` or `--mount`, checked on its own. */
export type MountRequest =
  | {
      type: 'bind'
      source: string
      destination: string
      readOnly: boolean
      propagation: string
      recursive: boolean
      /** As written: `ro,z`. */
      mode: string
      /** A read-only one leaves the mounts below it as they are. */
      writableBelow?: boolean
      /** A missing source directory is made, as `-v` does and `--mount` does not. */
      createSource: boolean
      /** Given to the container's user. */
      chown?: true
    }
  | {
      type: 'volume'
      /** Empty: an anonymous one. */
      name: string
      destination: string
      readOnly: boolean
      mode: string
      /** Whether the image's content is copied into an empty volume. */
      copy: boolean
      /** A directory of the volume, mounted in its stead. */
      subpath?: string
      /** For a volume that is made now. */
      labels?: Record<string, string>
      driver?: string
      driverOptions?: Record<string, string>
      /** Given to the container's user. */
      chown?: true
    }
  | { type: 'tmpfs'; destination: string; readOnly: boolean; options: string[] }

const PROPAGATIONS = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'])

const isOption = (text: string): boolean =>
  ['ro', 'rw', 'z', 'Z', 'nocopy'].includes(text) || PROPAGATIONS.has(text)

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** `-v /path`: a volume of its own. */
export const isAnonymous = (bind: string): boolean => !bind.includes(':')

/**
 * Parses the value of `-v`: `/host:/path[:options]`, `name:/path[:options]` or `/path`. Throws `bad-input` with
 * Docker's sentences.
 */
export function parseBind(spec: string): MountRequest {
  const [first = '', second, mode = '', ...more] = spec.split(':')
  if (second === undefined) {
    // Docker looks for it from the container's root.
    return volumeMount(spec, '', checkDestination(spec, 'volume', posix.resolve('/', first)), '')
  }
  // `/path:ro` names no source.
  const isMode = mode === '' && more.length === 0 && second.split(',').every(isOption)
  if (more.length > 0 || isMode || first === '' || second === '')
    throw bad(`invalid volume specification: '${spec}'`)
  const isPath = first.startsWith('/')
  const destination = checkDestination(spec, isPath ? 'bind' : 'volume', second)
  if (!isPath) {
    return volumeMount(spec, first, destination, mode)
  }
  const options = parseBindMode(spec, mode)
  return {
    type: 'bind',
    source: posix.normalize(first),
    destination,
    mode,
    createSource: true,
    ...options,
  }
}

function volumeMount(spec: string, name: string, destination: string, mode: string): MountRequest {
  const options = mode === '' ? [] : mode.split(',')
  const counted = { access: 0, label: 0, copy: 0, owner: 0 }
  for (const option of options) {
    if (isIdMap(option)) throw noIdMap()
    if (option === 'ro' || option === 'rw') counted.access++
    else if (option === 'z' || option === 'Z') counted.label++
    else if (option === 'nocopy') counted.copy++
    else if (option === 'U') counted.owner++
    else if (PROPAGATIONS.has(option))
      throw badMount(spec, 'volume', 'field BindOptions must not be specified')
    else throw bad(`invalid mode: ${mode}`)
  }
  if (Object.values(counted).some((count) => count > 1)) throw bad(`invalid mode: ${mode}`)
  return {
    type: 'volume',
    name,
    destination,
    readOnly: options.includes('ro'),
    // Docker's mark for what several containers may use.
    mode: mode || (name === '' ? '' : 'z'),
    copy: counted.copy === 0,
    ...(counted.owner > 0 ? { chown: true } : {}),
  }
}

const isIdMap = (option: string): boolean => option === 'idmap' || option.startsWith('idmap=')

/** Podman's option. The kernel asks for root where the file system was mounted, so that Podman refuses it to users, too. */
export const noIdMap = (): LighterError =>
  new LighterError(
    'unsupported',
    'the mount option idmap needs root of the host: the kernel maps the owners of a file system only for who may mount it; the option U gives the files to the user of the container instead',
  )

function parseBindMode(
  spec: string,
  mode: string,
): {
  readOnly: boolean
  propagation: string
  recursive: boolean
  chown?: true
} {
  const options = mode === '' ? [] : mode.split(',')
  const counted = { access: 0, label: 0, propagation: 0, recursion: 0, owner: 0 }
  for (const option of options) {
    if (isIdMap(option)) throw noIdMap()
    if (option === 'ro' || option === 'rw') counted.access++
    else if (option === 'z' || option === 'Z') counted.label++
    else if (PROPAGATIONS.has(option)) counted.propagation++
    else if (option === 'U') counted.owner++
    else if (option === 'bind' || option === 'rbind') counted.recursion++
    else if (option === 'nocopy')
      throw badMount(spec, 'bind', 'field VolumeOptions must not be specified')
    else throw bad(`invalid mode: ${mode}`)
  }
  if (Object.values(counted).some((count) => count > 1)) throw bad(`invalid mode: ${mode}`)
  return {
    readOnly: options.includes('ro'),
    propagation: options.find((option) => PROPAGATIONS.has(option)) ?? 'rprivate',
    recursive: !options.includes('bind'),
    ...(counted.owner > 0 ? { chown: true } : {}),
  }
}

const badMount = (spec: string, type: string, reason: string): LighterError =>
  bad(`invalid volume specification: '${spec}': invalid mount config for type "${type}": ${reason}`)

const checkDestination = (spec: string, type: string, path: string): string =>
  normalizeDestination(path, (reason) => badMount(spec, type, reason))

/** A path inside the container: absolute, normalized and not the root itself. */
export function normalizeDestination(path: string, fail: (reason: string) => LighterError): string {
  if (!path.startsWith('/')) throw fail(`invalid mount path: '${path}' mount path must be absolute`)
  const clean = posix.normalize(path).replace(/(?<=.)\/+$/, '')
  if (clean === '/') throw fail("invalid specification: destination can't be '/'")
  return clean
}

type TmpfsRequest = Extract<MountRequest, { type: 'tmpfs' }> & {
  /** The path as written. */
  written: string
}

/** The mounts of `--tmpfs`, `path → options`. Throws `bad-input`. */
export function tmpfsMounts(tmpfs: Record<string, string>): TmpfsRequest[] {
  return Object.entries(tmpfs).map(([path, text]) => ({
    type: 'tmpfs',
    destination: normalizeDestination(path, (reason) => bad(reason)),
    readOnly: text.split(',').includes('ro'),
    options: checkTmpfsOptions(text),
    written: path,
  }))
}

const TMPFS_FLAGS = new Set(
  'ro rw suid nosuid dev nodev exec noexec sync async dirsync remount mand nomand atime noatime diratime nodiratime bind rbind unbindable runbindable private rprivate shared rshared slave rslave relatime norelatime strictatime nostrictatime defaults'.split(
    ' ',
  ),
)
const TMPFS_VALUES = new Set(['mode', 'uid', 'gid', 'size', 'nr_inodes', 'nr_blocks', 'mpol'])

function checkTmpfsOptions(text: string): string[] {
  const options = text === '' ? [] : text.split(',')
  for (const option of options) {
    const [name = ''] = option.split('=')
    const known = option.includes('=') ? TMPFS_VALUES.has(name) : TMPFS_FLAGS.has(name)
    if (!known) throw new LighterError('start-failed', `invalid tmpfs option "${name}"`)
  }
  return options
}

/**
 * Two mounts at one place are a mistake, a `--tmpfs` among them only beside a `-v`: it hides what `--mount` or another one puts at
 * its place. As Docker does, a `--tmpfs` is compared as it was written. Returns all in the order in which they hide each other: one
 * that is written otherwise (`/b/`) lies below. Throws `bad-input`.
 */
export function orderMounts(
  binds: readonly MountRequest[],
  mounts: readonly MountRequest[],
  tmpfs: readonly TmpfsRequest[],
): MountRequest[] {
  const seen = new Set<string>()
  for (const { destination } of [...binds, ...mounts]) {
    if (seen.has(destination)) throw bad(`Duplicate mount point: ${destination}`)
    seen.add(destination)
  }
  const bound = new Set(binds.map(({ destination }) => destination))
  const clash = tmpfs.find(({ written }) => bound.has(written))
  if (clash) throw bad(`Duplicate mount point: ${clash.written}`)
  const place = (above: boolean): MountRequest[] =>
    tmpfs
      .filter(({ written, destination }) => (written === destination) === above)
      .map(({ written: _, ...mount }) => mount)
  return [...place(false), ...binds, ...mounts, ...place(true)]
}
