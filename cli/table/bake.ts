import type { CommandSpec } from '../command-spec.ts'
import { commonBuildFlags } from '../flags/build/flags.ts'
import { ANY } from './shared.ts'

/** Builds of many targets at once, which files define. */
export const bakeCommands: readonly CommandSpec[] = [
  {
    names: ['buildx bake', 'buildx f'],
    summary: 'Build from a file',
    usage: '[OPTIONS] [TARGET...]',
    operands: [0, ANY],
    flags: () => ({
      ...commonBuildFlags(),
      allow: {
        type: 'list',
        placeholder: 'stringArray',
        summary: 'Allow extra privileges (e.g., "network.host", "security.insecure")',
      },
      call: { type: 'string', summary: 'What is done with each Dockerfile, over what targets say' },
      check: { type: 'bool', summary: 'Shorthand for "--call=check"' },
      file: {
        type: 'list',
        short: 'f',
        placeholder: 'stringArray',
        summary: 'Build definition file',
      },
      list: { type: 'string', summary: 'List "targets" or "variables", and build nothing' },
      print: { type: 'bool', summary: 'Print the options without building' },
      set: {
        type: 'list',
        placeholder: 'stringArray',
        summary: 'Override target value (e.g., "targetpattern.key=value")',
      },
    }),
    load: () => import('../commands/bake.ts'),
  },
]
