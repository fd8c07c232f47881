import type { CommandSpec } from '../command-spec.ts'
import type { FlagTable } from '../flags/spec.ts'
import { ANY, format } from './shared.ts'

const endpointFlags = (): FlagTable => ({
  description: { type: 'string', summary: 'Description of the context' },
  docker: {
    type: 'list',
    placeholder: 'stringToString',
    shownDefault: '[]',
    summary:
      'Set the docker endpoint: "host=ADDRESS", files "ca=", "cert=" and "key=" for TLS, "skip-tls-verify=true", or "from=CONTEXT"',
  },
})

/** Commands on the engines that Docker's clients know, of which lighter's own commands have one. */
export const contextCommands: readonly CommandSpec[] = [
  {
    names: ['context create'],
    summary: 'Create a context',
    usage: '[OPTIONS] CONTEXT',
    operands: [1, 1],
    flags: () => ({
      ...endpointFlags(),
      from: { type: 'string', summary: 'create context from a named context' },
    }),
    load: () => import('../commands/context-create.ts'),
  },
  {
    names: ['context export'],
    summary: 'Export a context to a tar archive FILE or a tar stream on STDOUT.',
    usage: '[OPTIONS] CONTEXT [FILE|-]',
    operands: [1, 2],
    flags: () => ({}),
    load: () => import('../commands/context-export.ts'),
  },
  {
    names: ['context import'],
    summary: 'Import a context from a tar or zip file',
    usage: 'CONTEXT FILE|-',
    operands: [2, 2],
    flags: () => ({}),
    load: () => import('../commands/context-import.ts'),
  },
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
    names: ['context rm', 'context remove'],
    summary: 'Remove one or more contexts',
    usage: 'CONTEXT [CONTEXT...]',
    operands: [1, ANY],
    flags: () => ({
      force: { type: 'bool', short: 'f', summary: 'Force the removal of a context in use' },
    }),
    load: () => import('../commands/context-rm.ts'),
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
    names: ['context update'],
    summary: 'Update a context',
    usage: '[OPTIONS] CONTEXT',
    operands: [1, 1],
    flags: endpointFlags,
    load: () => import('../commands/context-update.ts'),
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
