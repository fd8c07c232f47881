import { constants } from 'node:os'
import type { CommandSpec } from '../command-spec.ts'
import type { Names } from './names.ts'

/** Flags whose value is a file or directory of the host. */
const FILES: ReadonlySet<string> = new Set([
  'cidfile',
  'checkpoint-dir',
  'config',
  'env-file',
  'file',
  'iidfile',
  'input',
  'label-file',
  'metadata-file',
  'output',
  'volume',
])

export const wantsFile = (flag: string): boolean => FILES.has(flag)

const VALUES: Readonly<Record<string, readonly string[]>> = {
  allow: ['network.host', 'security.insecure'],
  attach: ['stdin', 'stdout', 'stderr'],
  call: ['build', 'check', 'outline', 'targets'],
  cgroupns: ['host', 'private'],
  format: ['json', 'table'],
  ipc: ['none', 'private', 'shareable', 'container:', 'host'],
  'log-driver': ['json-file', 'local', 'none', 'journald', 'passthrough'],
  'log-level': ['debug', 'info', 'warn', 'error', 'fatal'],
  mount: ['type=bind', 'type=volume', 'type=tmpfs'],
  network: ['container:'],
  pid: ['host', 'container:'],
  progress: ['auto', 'plain', 'tty', 'quiet', 'rawjson'],
  pull: ['always', 'missing', 'never'],
  restart: ['no', 'always', 'unless-stopped', 'on-failure'],
  type: ['container', 'image', 'network', 'volume'],
  userns: ['host', 'keep-id', 'nomap'],
  uts: ['host'],
}

/** Where `build` has other networks than containers. */
const BUILD_NETWORKS = ['default', 'none', 'host']

/** What `buildx` filters its cache by. */
const CACHE_FILTERS = [
  'description=',
  'id=',
  'inuse=',
  'mutable=',
  'parents=',
  'private=',
  'shared=',
  'type=',
  'until=',
]

/** Values of `--filter` by the command's first name, or by its verb; those whose value is open have a `=` at their end. */
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  'buildx du': CACHE_FILTERS,
  'buildx prune': CACHE_FILTERS,
  events: [
    'container=',
    'daemon=',
    'event=',
    'image=',
    'label=',
    'network=',
    'scope=',
    'type=',
    'volume=',
  ],
  'image prune': ['dangling=', 'label=', 'label!=', 'until='],
  images: ['before=', 'dangling=', 'label=', 'reference=', 'since=', 'until='],
  ps: [
    'ancestor=',
    'before=',
    'exited=',
    'expose=',
    'health=',
    'id=',
    'is-task=',
    'label=',
    'name=',
    'network=',
    'publish=',
    'since=',
    'status=',
    'volume=',
  ],
  prune: ['label=', 'label!=', 'until='],
}

/** What a flag's value may be, as far as that is known. */
export function flagValues(command: CommandSpec, flag: string, names: Names): readonly string[] {
  const verb = command.names.at(-1)?.split(' ').at(-1) ?? ''
  if (flag === 'filter') return FILTERS[command.names[0]] ?? FILTERS[verb] ?? []
  if (flag === 'builder') return names.builders()
  if (flag === 'network' && verb === 'build') return BUILD_NETWORKS
  if (flag === 'signal' || flag === 'stop-signal')
    return Object.keys(constants.signals).map((name) => name.replace(/^SIG/, ''))
  if (flag === 'volume') return names.volumes().map((name) => `${name}:`)
  if (flag === 'volumes-from') return names.containers('any')
  const values = [...(flag === 'network' ? names.networks() : []), ...(VALUES[flag] ?? [])]
  return values.flatMap((value) =>
    value === 'container:' ? names.containers('running').map((name) => value + name) : [value],
  )
}
