import type { CommandSpec } from '../command-spec.ts'
import { limitFlags } from '../flags/resource-flags.ts'
import { checkEnv, createFlags, runFlags } from '../flags/run.ts'
import { ANY, detachKeys, pruneFilter } from './shared.ts'

/** Commands that make, start, enter, stop and remove containers. */
export const lifecycleCommands: readonly CommandSpec[] = [
  {
    names: ['container run', 'run'],
    summary: 'Create and run a new container from an image',
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    operands: [1, ANY],
    stopAtOperand: true,
    flags: runFlags,
    load: () => import('../commands/run.ts'),
  },
  {
    names: ['container exec', 'exec'],
    summary: 'Execute a command in a running container',
    usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
    operands: [2, ANY],
    stopAtOperand: true,
    flags: () => ({
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
    }),
    load: () => import('../commands/exec.ts'),
  },
  {
    names: ['container attach', 'attach'],
    summary: 'Attach local standard input, output, and error streams to a running container',
    usage: '[OPTIONS] CONTAINER',
    operands: [1, 1],
    flags: () => ({
      'detach-keys': detachKeys,
      'no-stdin': { type: 'bool', summary: 'Do not attach STDIN' },
      'sig-proxy': {
        type: 'bool',
        default: true,
        summary: 'Proxy all received signals to the process',
      },
    }),
    load: () => import('../commands/attach.ts'),
  },
  {
    names: ['container create', 'create'],
    summary: 'Create a new container',
    usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
    operands: [1, ANY],
    stopAtOperand: true,
    flags: createFlags,
    load: () => import('../commands/create.ts'),
  },
  {
    names: ['container kill', 'kill'],
    summary: 'Kill one or more running containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      signal: { type: 'string', short: 's', summary: 'Signal to send to the container' },
    }),
    load: () => import('../commands/kill.ts'),
  },
  {
    names: ['container pause', 'pause'],
    summary: 'Pause all processes within one or more containers',
    usage: 'CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({}),
    load: () => import('../commands/pause.ts'),
  },
  {
    names: ['container unpause', 'unpause'],
    summary: 'Unpause all processes within one or more containers',
    usage: 'CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({}),
    load: () => import('../commands/unpause.ts'),
  },
  {
    names: ['container restart', 'restart'],
    summary: 'Restart one or more containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      signal: { type: 'string', short: 's', summary: 'Signal to send to the container' },
      time: {
        type: 'int',
        short: 't',
        summary: 'Seconds to wait before killing the container',
      },
      timeout: { type: 'int', aliasOf: 'time', hidden: true, summary: '' },
    }),
    load: () => import('../commands/restart.ts'),
  },
  {
    names: ['container rm', 'container remove', 'rm'],
    summary: 'Remove one or more containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      force: {
        type: 'bool',
        short: 'f',
        summary: 'Force the removal of a running container (uses SIGKILL)',
      },
      link: { type: 'bool', short: 'l', summary: 'Remove the specified link' },
      volumes: {
        type: 'bool',
        short: 'v',
        summary: 'Remove anonymous volumes associated with the container',
      },
    }),
    load: () => import('../commands/rm.ts'),
  },
  {
    names: ['container start', 'start'],
    summary: 'Start one or more stopped containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      attach: { type: 'bool', short: 'a', summary: 'Attach STDOUT/STDERR and forward signals' },
      // Docker has them for experiments only, and says so.
      checkpoint: { type: 'string', hidden: true, summary: 'Restore from this checkpoint' },
      'checkpoint-dir': { type: 'string', hidden: true, summary: 'Where checkpoints are' },
      'detach-keys': detachKeys,
      interactive: { type: 'bool', short: 'i', summary: "Attach container's STDIN" },
    }),
    load: () => import('../commands/start.ts'),
  },
  {
    names: ['container stop', 'stop'],
    summary: 'Stop one or more running containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      signal: { type: 'string', short: 's', summary: 'Signal to send to the container' },
      time: {
        type: 'int',
        short: 't',
        summary: 'Seconds to wait before killing the container',
      },
      timeout: { type: 'int', aliasOf: 'time', hidden: true, summary: '' },
    }),
    load: () => import('../commands/stop.ts'),
  },
  {
    names: ['container update', 'update'],
    summary: 'Update configuration of one or more containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      ...limitFlags(),
      'publish-add': {
        type: 'list',
        summary: "Publish one more of the containers' ports to the host, as --publish of run does",
      },
      'publish-rm': {
        type: 'list',
        summary: 'Publish a port no longer: PORT[/PROTOCOL], or HOSTPORT:PORT[/PROTOCOL]',
      },
      restart: { type: 'string', summary: 'Restart policy to apply when a container exits' },
    }),
    load: () => import('../commands/update.ts'),
  },
  {
    names: ['container wait', 'wait'],
    summary: 'Block until one or more containers stop, then print their exit codes',
    usage: 'CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({}),
    load: () => import('../commands/wait.ts'),
  },
  {
    names: ['container rename', 'rename'],
    summary: 'Rename a container',
    usage: 'CONTAINER NEW_NAME',
    operands: [2, 2],
    flags: () => ({}),
    load: () => import('../commands/rename.ts'),
  },
  {
    names: ['container prune'],
    summary: 'Remove all stopped containers',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      filter: pruneFilter('Provide filter values (e.g. "until=<timestamp>")'),
      force: { type: 'bool', short: 'f', summary: 'Do not prompt for confirmation' },
    }),
    load: () => import('../commands/container-prune.ts'),
  },
]
