import type { CommandSpec } from '../command-spec.ts'
import { ANY, filter, format, pruneFilter } from './shared.ts'

/** Commands on the whole: versions, the host, any object. */
export const systemCommands: readonly CommandSpec[] = [
  {
    names: ['system boot'],
    summary: 'Start the containers whose restart policy wants it, as after a reboot',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      disable: { type: 'bool', summary: 'Do not start them with the machine any more' },
      enable: {
        type: 'bool',
        summary: 'Have systemd start them with the machine, from the next start on',
      },
    }),
    load: () => import('../commands/boot.ts'),
  },
  {
    names: ['system service'],
    summary: 'Answer clients of the Docker Engine API',
    usage: '[OPTIONS] [ADDRESS]',
    operands: [0, 1],
    flags: () => ({
      time: {
        type: 'uint',
        short: 't',
        summary: 'Seconds without a request after which it ends; 0: never',
        default: 60,
      },
    }),
    load: () => import('../commands/system-service.ts'),
  },
  {
    names: ['version'],
    summary: 'Show the version information',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({ format: { ...format, short: 'f' } }),
    load: () => import('../commands/version.ts'),
  },
  {
    names: ['system info', 'info'],
    summary: 'Display system-wide information',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({ format: { ...format, short: 'f' } }),
    load: () => import('../commands/info.ts'),
  },
  {
    names: ['system events', 'events'],
    summary: 'Get real time events from the server',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      filter,
      format,
      since: { type: 'string', summary: 'Show all events created since timestamp' },
      until: { type: 'string', summary: 'Stream events until this timestamp' },
    }),
    load: () => import('../commands/events.ts'),
  },
  {
    names: ['system df'],
    summary: 'Show docker disk usage',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      format,
      verbose: { type: 'bool', short: 'v', summary: 'Show detailed information on space usage' },
    }),
    load: () => import('../commands/system-df.ts'),
  },
  {
    names: ['system check'],
    summary: 'Verify images, layers and records, and mend what is damaged',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      force: {
        type: 'bool',
        short: 'f',
        summary: 'With --repair, remove what cannot be mended, stopped containers too',
      },
      format,
      max: {
        type: 'duration',
        short: 'm',
        default: 24 * 3600e9,
        shownDefault: '24h0m0s',
        summary: 'Age from which blobs and layers that nothing refers to are leftovers',
      },
      quick: { type: 'bool', short: 'q', summary: 'Skip what reads every byte' },
      repair: { type: 'bool', short: 'r', summary: 'Mend what is damaged, remove leftovers' },
    }),
    load: () => import('../commands/system-check.ts'),
  },
  {
    names: ['system licenses'],
    summary: 'Show the licenses of the program and of what is built into it',
    usage: '',
    operands: [0, 0],
    flags: () => ({}),
    load: () => import('../commands/system-licenses.ts'),
  },
  {
    names: ['system prune'],
    summary: 'Remove unused data',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Remove all unused images not just dangling ones',
      },
      filter: pruneFilter('Provide filter values (e.g. "label=<key>=<value>")'),
      force: { type: 'bool', short: 'f', summary: 'Do not prompt for confirmation' },
      volumes: { type: 'bool', summary: 'Prune anonymous volumes' },
    }),
    load: () => import('../commands/system-prune.ts'),
  },
  {
    names: ['completion'],
    summary: 'Generate the autocompletion script for the specified shell',
    usage: 'bash|zsh|fish',
    operands: [1, 1],
    flags: () => ({}),
    load: () => import('../commands/completion.ts'),
  },
  {
    names: ['doctor'],
    summary: 'Check what the host must have, and say how to mend it',
    usage: '',
    operands: [0, 0],
    flags: () => ({}),
    load: () => import('../commands/doctor.ts'),
  },
  {
    names: ['inspect'],
    summary: 'Return low-level information on Docker objects',
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    operands: [1, ANY],
    flags: () => ({
      format: { ...format, short: 'f' },
      size: {
        type: 'bool',
        short: 's',
        summary: 'Display total file sizes if the type is container',
      },
      type: { type: 'string', summary: 'Return JSON for specified type' },
    }),
    load: () => import('../commands/inspect.ts'),
  },
]
