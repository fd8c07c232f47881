import type { CommandSpec } from '../command-spec.ts'
import { ANY, filter, format } from './shared.ts'

/** Commands on the whole: versions, the host, any object. */
export const systemCommands: readonly CommandSpec[] = [
  {
    names: ['system boot'],
    summary: 'Start the containers whose restart policy wants it, as after a reboot',
    usage: '',
    operands: [0, 0],
    flags: {},
    load: () => import('../commands/boot.ts'),
  },
  {
    names: ['version'],
    summary: 'Show the version information',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: {},
    load: () => import('../commands/version.ts'),
  },
  {
    names: ['system info', 'info'],
    summary: 'Display system-wide information',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: {},
    load: () => import('../commands/info.ts'),
  },
  {
    names: ['system events', 'events'],
    summary: 'Get real time events from the server',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: {
      filter,
      format,
      since: { type: 'string', summary: 'Show all events created since timestamp' },
      until: { type: 'string', summary: 'Stream events until this timestamp' },
    },
    load: () => import('../commands/events.ts'),
  },
  {
    names: ['doctor'],
    summary: 'Check what the host must have, and say how to mend it',
    usage: '',
    operands: [0, 0],
    flags: {},
    load: () => import('../commands/doctor.ts'),
  },
  {
    names: ['inspect'],
    summary: 'Return low-level information on Docker objects',
    usage: '[OPTIONS] NAME|ID [NAME|ID...]',
    operands: [1, ANY],
    flags: {
      format: { ...format, short: 'f' },
      size: {
        type: 'bool',
        short: 's',
        summary: 'Display total file sizes if the type is container',
      },
      type: { type: 'string', summary: 'Return JSON for specified type' },
    },
    load: () => import('../commands/inspect.ts'),
  },
]
