import type { CommandSpec } from '../command-spec.ts'
import { buildFlags } from '../flags/build/flags.ts'
import type { FlagSpec } from '../flags/spec.ts'
import { builder } from './builder-flag.ts'
import { ANY, pruneFilter } from './shared.ts'

const verbose: FlagSpec = { type: 'bool', summary: 'Provide a more verbose output' }
const force: FlagSpec = { type: 'bool', short: 'f', summary: 'Do not prompt for confirmation' }

/** Space of the build cache; BuildKit has renamed the flag. */
const space = (summary: string): FlagSpec => ({ type: 'bytes', summary })

/** Commands that build images, and those on builders and their cache. */
export const buildCommands: readonly CommandSpec[] = [
  {
    names: ['buildx build', 'buildx b', 'build', 'builder build', 'image build'],
    summary: 'Start a build',
    usage: '[OPTIONS] PATH | URL | -',
    operands: [1, 1],
    flags: buildFlags,
    load: () => import('../commands/build.ts'),
  },
  {
    names: ['buildx prune', 'builder prune'],
    summary: 'Remove build cache',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      all: { type: 'bool', short: 'a', summary: 'Include internal/frontend images' },
      builder,
      filter: pruneFilter('Provide filter values (e.g., "until=24h")'),
      force,
      'keep-storage': space('Amount of disk space to keep for cache'),
      'reserved-space': { type: 'bytes', aliasOf: 'keep-storage', hidden: true, summary: '' },
      verbose,
    }),
    load: () => import('../commands/buildx-prune.ts'),
  },
  {
    names: ['buildx du'],
    summary: 'Disk usage',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({ builder, filter: pruneFilter('Provide filter values'), verbose }),
    load: () => import('../commands/buildx-du.ts'),
  },
  {
    names: ['buildx ls'],
    summary: 'List builder instances',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      builder: { ...builder, hidden: true },
      format: { type: 'string', default: 'table', summary: 'Format the output' },
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
    }),
    load: () => import('../commands/buildx-ls.ts'),
  },
  {
    names: ['buildx inspect'],
    summary: 'Inspect current builder instance',
    usage: '[OPTIONS] [NAME]',
    operands: [0, 1],
    flags: () => ({
      bootstrap: { type: 'bool', summary: 'Ensure builder has booted before inspecting' },
      builder,
    }),
    load: () => import('../commands/buildx-inspect.ts'),
  },
  {
    names: ['buildx create'],
    summary: 'Create a new builder instance',
    usage: '[OPTIONS] [CONTEXT|ENDPOINT]',
    operands: [0, 1],
    flags: () => ({
      append: { type: 'bool', summary: 'Append a node to builder instead of changing it' },
      bootstrap: { type: 'bool', summary: 'Boot builder after creation' },
      builder: { ...builder, hidden: true },
      'buildkitd-config': { type: 'string', summary: 'BuildKit daemon config file' },
      'buildkitd-flags': { type: 'string', summary: 'BuildKit daemon flags' },
      config: { type: 'string', aliasOf: 'buildkitd-config', hidden: true, summary: '' },
      driver: { type: 'string', summary: 'Driver to use (available: "docker-container")' },
      'driver-opt': {
        type: 'list',
        placeholder: 'stringArray',
        summary: 'Options for the driver',
      },
      leave: { type: 'bool', summary: 'Remove a node from builder instead of changing it' },
      name: { type: 'string', summary: 'Builder instance name' },
      node: { type: 'string', summary: 'Create/modify node with given name' },
      platform: {
        type: 'list',
        placeholder: 'stringArray',
        summary: 'Fixed platforms for current node',
      },
      use: { type: 'bool', summary: 'Set the current builder instance' },
    }),
    load: () => import('../commands/buildx-create.ts'),
  },
  {
    names: ['buildx rm'],
    summary: 'Remove one or more builder instances',
    usage: '[OPTIONS] [NAME] [NAME...]',
    operands: [0, ANY],
    flags: () => ({
      'all-inactive': { type: 'bool', summary: 'Remove all inactive builders' },
      builder,
      force,
      'keep-daemon': { type: 'bool', summary: 'Keep the BuildKit daemon running' },
      'keep-state': { type: 'bool', summary: 'Keep BuildKit state' },
    }),
    load: () => import('../commands/buildx-rm.ts'),
  },
  {
    names: ['buildx stop'],
    summary: 'Stop builder instance',
    usage: '[NAME]',
    operands: [0, 1],
    flags: () => ({ builder }),
    load: () => import('../commands/buildx-stop.ts'),
  },
  {
    names: ['buildx use'],
    summary: 'Set the current builder instance',
    usage: '[OPTIONS] NAME',
    operands: [0, 1],
    flags: () => ({
      builder,
      default: { type: 'bool', summary: 'Set builder as default for current context' },
      global: { type: 'bool', summary: 'Builder persists context changes' },
    }),
    load: () => import('../commands/buildx-use.ts'),
  },
  {
    names: ['buildx version'],
    summary: 'Show buildx version information',
    usage: '',
    operands: [0, 0],
    flags: () => ({ builder: { ...builder, hidden: true } }),
    load: () => import('../commands/buildx-version.ts'),
  },
  {
    names: ['buildx dial-stdio'],
    summary: 'Proxy current stdio streams to builder instance',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      builder,
      platform: { type: 'string', summary: 'Target platform: this is used for node selection' },
      progress: { type: 'string', default: 'quiet', summary: 'How progress is shown' },
    }),
    load: () => import('../commands/buildx-dial-stdio.ts'),
  },
]
