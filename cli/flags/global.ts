import type { FlagTable } from './spec.ts'

/** Flags that stand before the command. */
export const globalFlags: FlagTable = {
  config: { type: 'string', summary: 'Location of client config files' },
  context: {
    type: 'string',
    short: 'c',
    summary: 'Name of the context to use: only "default" exists, there is no daemon',
  },
  debug: { type: 'bool', short: 'D', summary: 'Enable debug mode' },
  host: { type: 'list', short: 'H', summary: 'Refused: there is no daemon to connect to' },
  'log-level': {
    type: 'string',
    short: 'l',
    default: 'info',
    summary: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
  },
  version: { type: 'bool', short: 'v', summary: 'Print version information and quit' },
}
