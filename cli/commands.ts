import type { CommandSpec } from './command-spec.ts'
import { checkDetachKeys, checkEnv, createFlags, runFlags } from './flags/run.ts'
import type { FlagSpec } from './flags/spec.ts'

const ANY = Number.POSITIVE_INFINITY

const filter: FlagSpec = {
  type: 'list',
  short: 'f',
  placeholder: 'filter',
  summary: 'Filter output based on conditions provided',
}
const detachKeys: FlagSpec = {
  type: 'string',
  check: checkDetachKeys,
  summary: 'Override the key sequence for detaching a container',
}
const platform: FlagSpec = {
  type: 'string',
  summary: 'Set platform if server is multi-platform capable',
}

/** Every command, in the order of `--help`. The module behind each is loaded only when it is called. */
export const commands: readonly CommandSpec[] = [
  {
    names: ['container run', 'run'],
    summary: 'Create and run a new container from an image',
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    operands: [1, ANY],
    stopAtOperand: true,
    flags: runFlags,
    load: () => import('./commands/run.ts'),
  },
  {
    names: ['container exec', 'exec'],
    summary: 'Execute a command in a running container',
    usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
    operands: [2, ANY],
    stopAtOperand: true,
    flags: {
      detach: { type: 'bool', short: 'd', summary: 'Detached mode: run command in the background' },
      'detach-keys': detachKeys,
      env: { type: 'list', short: 'e', check: checkEnv, summary: 'Set environment variables' },
      'env-file': { type: 'list', summary: 'Read in a file of environment variables' },
      interactive: { type: 'bool', short: 'i', summary: 'Keep STDIN open even if not attached' },
      privileged: { type: 'bool', summary: 'Give extended privileges to the command' },
      tty: { type: 'bool', short: 't', summary: 'Allocate a pseudo-TTY' },
      user: {
        type: 'string',
        short: 'u',
        summary: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
      },
      workdir: { type: 'string', short: 'w', summary: 'Working directory inside the container' },
    },
    load: () => import('./commands/exec.ts'),
  },
  {
    names: ['container ls', 'container list', 'container ps', 'ps'],
    summary: 'List containers',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: {
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Show all containers (default shows just running)',
      },
      last: {
        type: 'int',
        short: 'n',
        default: -1,
        summary: 'Show n last created containers (includes all states)',
      },
      latest: {
        type: 'bool',
        short: 'l',
        summary: 'Show the latest created container (includes all states)',
      },
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
      quiet: { type: 'bool', short: 'q', summary: 'Only display container IDs' },
      size: { type: 'bool', short: 's', summary: 'Display total file sizes' },
    },
    load: () => import('./commands/ps.ts'),
  },
  {
    names: ['image pull', 'pull'],
    summary: 'Download an image from a registry',
    usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
    operands: [1, 1],
    flags: {
      platform,
      quiet: { type: 'bool', short: 'q', summary: 'Suppress verbose output' },
    },
    load: () => import('./commands/pull.ts'),
  },
  {
    names: ['image ls', 'image list', 'images'],
    summary: 'List images',
    usage: '[OPTIONS] [REPOSITORY[:TAG]]',
    operands: [0, 1],
    flags: {
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Show all images (default hides intermediate images)',
      },
      digests: { type: 'bool', summary: 'Show digests' },
      filter,
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
      quiet: { type: 'bool', short: 'q', summary: 'Only show image IDs' },
    },
    load: () => import('./commands/images.ts'),
  },
  {
    names: ['version'],
    summary: 'Show the version information',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: {},
    load: () => import('./commands/version.ts'),
  },
  {
    names: ['system info', 'info'],
    summary: 'Display system-wide information',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: {},
    load: () => import('./commands/info.ts'),
  },
  {
    names: ['doctor'],
    summary: 'Check what the host must have, and say how to mend it',
    usage: '',
    operands: [0, 0],
    flags: {},
    load: () => import('./commands/doctor.ts'),
  },
  {
    names: ['container attach', 'attach'],
    summary: 'Attach local standard input, output, and error streams to a running container',
    usage: '[OPTIONS] CONTAINER',
    operands: [1, 1],
    flags: {
      'detach-keys': detachKeys,
      'no-stdin': { type: 'bool', summary: 'Do not attach STDIN' },
      'sig-proxy': {
        type: 'bool',
        default: true,
        summary: 'Proxy all received signals to the process',
      },
    },
    load: () => import('./commands/attach.ts'),
  },
  {
    names: ['container create', 'create'],
    summary: 'Create a new container',
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    operands: [1, ANY],
    stopAtOperand: true,
    flags: createFlags,
    load: () => import('./commands/create.ts'),
  },
  {
    names: ['inspect'],
    summary: 'Return low-level information on Docker objects',
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    operands: [1, ANY],
    flags: {
      type: { type: 'string', summary: 'Return JSON for specified type' },
    },
    load: () => import('./commands/inspect.ts'),
  },
  {
    names: ['container inspect'],
    summary: 'Display detailed information on one or more containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: {},
    load: () => import('./commands/inspect.ts'),
  },
  {
    names: ['image inspect'],
    summary: 'Display detailed information on one or more images',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    operands: [1, ANY],
    flags: {},
    load: () => import('./commands/inspect.ts'),
  },
  {
    names: ['container kill', 'kill'],
    summary: 'Kill one or more running containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: {
      signal: { type: 'string', short: 's', summary: 'Signal to send to the container' },
    },
    load: () => import('./commands/kill.ts'),
  },
  {
    names: ['container logs', 'logs'],
    summary: 'Fetch the logs of a container',
    usage: '[OPTIONS] CONTAINER',
    operands: [1, 1],
    flags: {
      details: { type: 'bool', summary: 'Show extra details provided to logs' },
      follow: { type: 'bool', short: 'f', summary: 'Follow log output' },
      since: {
        type: 'string',
        summary:
          'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      },
      tail: {
        type: 'string',
        short: 'n',
        default: 'all',
        summary: 'Number of lines to show from the end of the logs',
      },
      timestamps: { type: 'bool', short: 't', summary: 'Show timestamps' },
      until: {
        type: 'string',
        summary:
          'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      },
    },
    load: () => import('./commands/logs.ts'),
  },
  {
    names: ['container rm', 'container remove', 'rm'],
    summary: 'Remove one or more containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: {
      force: {
        type: 'bool',
        short: 'f',
        summary: 'Force the removal of a running container (uses SIGKILL)',
      },
      volumes: {
        type: 'bool',
        short: 'v',
        summary: 'Remove anonymous volumes associated with the container',
      },
    },
    load: () => import('./commands/rm.ts'),
  },
  {
    names: ['image rm', 'image remove', 'rmi'],
    summary: 'Remove one or more images',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    operands: [1, ANY],
    flags: {
      force: { type: 'bool', short: 'f', summary: 'Force removal of the image' },
      // Layers are no images of their own here: there is never an untagged parent to delete.
      'no-prune': { type: 'bool', summary: 'Do not delete untagged parents' },
    },
    load: () => import('./commands/rmi.ts'),
  },
  {
    names: ['container start', 'start'],
    summary: 'Start one or more stopped containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: {
      attach: { type: 'bool', short: 'a', summary: 'Attach STDOUT/STDERR and forward signals' },
      'detach-keys': detachKeys,
      interactive: { type: 'bool', short: 'i', summary: "Attach container's STDIN" },
    },
    load: () => import('./commands/start.ts'),
  },
  {
    names: ['container stop', 'stop'],
    summary: 'Stop one or more running containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: {
      signal: { type: 'string', short: 's', summary: 'Signal to send to the container' },
      time: {
        type: 'int',
        short: 't',
        summary: 'Seconds to wait before killing the container',
      },
      timeout: { type: 'int', aliasOf: 'time', hidden: true, summary: '' },
    },
    load: () => import('./commands/stop.ts'),
  },
  {
    names: ['image tag', 'tag'],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
    operands: [2, 2],
    flags: {},
    load: () => import('./commands/tag.ts'),
  },
  {
    names: ['container wait', 'wait'],
    summary: 'Block until one or more containers stop, then print their exit codes',
    usage: 'CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: {},
    load: () => import('./commands/wait.ts'),
  },
]

export const groups: Readonly<Record<string, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  system: 'Manage Docker',
}

export interface FoundCommand {
  command: CommandSpec
  /** As it was called: `container ls` or `ps`. */
  name: string
  /** What follows the name. */
  rest: string[]
}

/** Finds the command that the words begin with, `['container', 'ls', …]` or `['ps', …]`. */
export function findCommand(words: string[]): FoundCommand | undefined {
  const [first = '', second = ''] = words
  const depth = first in groups ? 2 : 1
  const name = depth === 2 ? `${first} ${second}` : first
  const command = commands.find((candidate) => candidate.names.includes(name))
  return command && { command, name, rest: words.slice(depth) }
}
