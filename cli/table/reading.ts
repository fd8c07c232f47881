import type { CommandSpec } from '../command-spec.ts'
import { ANY, filter, format } from './shared.ts'

/** Commands that show containers and what they say. */
export const readingCommands: readonly CommandSpec[] = [
  {
    names: ['container ls', 'container list', 'container ps', 'ps'],
    summary: 'List containers',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Show all containers (default shows just running)',
      },
      filter,
      format,
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
    }),
    load: () => import('../commands/ps.ts'),
  },
  {
    names: ['container inspect'],
    summary: 'Display detailed information on one or more containers',
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    operands: [1, ANY],
    flags: () => ({
      format: { ...format, short: 'f' },
      size: { type: 'bool', short: 's', summary: 'Display total file sizes' },
    }),
    load: () => import('../commands/inspect.ts'),
  },
  {
    names: ['container logs', 'logs'],
    summary: 'Fetch the logs of a container',
    usage: '[OPTIONS] CONTAINER',
    operands: [1, 1],
    flags: () => ({
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
    }),
    load: () => import('../commands/logs.ts'),
  },
  {
    names: ['container port', 'port'],
    summary: 'List port mappings or a specific mapping for the container',
    usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
    operands: [1, 2],
    flags: () => ({}),
    load: () => import('../commands/port.ts'),
  },
  {
    names: ['container top', 'top'],
    summary: 'Display the running processes of a container',
    usage: 'CONTAINER [ps OPTIONS]',
    operands: [1, ANY],
    stopAtOperand: true,
    flags: () => ({}),
    load: () => import('../commands/top.ts'),
  },
  {
    names: ['container stats', 'stats'],
    summary: 'Display a live stream of container(s) resource usage statistics',
    usage: '[OPTIONS] [CONTAINER...]',
    operands: [0, ANY],
    flags: () => ({
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Show all containers (default shows just running)',
      },
      format,
      'no-stream': {
        type: 'bool',
        summary: 'Disable streaming stats and only pull the first result',
      },
      'no-trunc': { type: 'bool', summary: 'Do not truncate output' },
    }),
    load: () => import('../commands/stats.ts'),
  },
]
