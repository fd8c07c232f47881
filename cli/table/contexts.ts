import type { CommandSpec } from '../command-spec.ts'
import { ANY, format } from './shared.ts'

/** Commands on the engines that Docker's clients know, of which lighter's own commands have one. */
export const contextCommands: readonly CommandSpec[] = [
  {
    names: ['context ls', 'context list'],
    summary: 'List contexts',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      format,
      quiet: { type: 'bool', short: 'q', summary: 'Only show context names' },
    }),
    load: () => import('../commands/context-ls.ts'),
  },
  {
    names: ['context show'],
    summary: 'Print the name of the current context',
    usage: '',
    operands: [0, 0],
    flags: () => ({}),
    load: () => import('../commands/context-use.ts'),
  },
  {
    names: ['context inspect'],
    summary: 'Display detailed information on one or more contexts',
    usage: '[OPTIONS] [CONTEXT] [CONTEXT...]',
    operands: [0, ANY],
    flags: () => ({ format: { ...format, short: 'f' } }),
    load: () => import('../commands/context-inspect.ts'),
  },
  {
    names: ['context use'],
    summary: 'Set the current docker context',
    usage: 'CONTEXT',
    operands: [1, 1],
    flags: () => ({}),
    load: () => import('../commands/context-use.ts'),
  },
]
