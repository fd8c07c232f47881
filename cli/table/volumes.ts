import type { CommandSpec } from '../command-spec.ts'
import { checkLabel } from '../flags/run.ts'
import type { FlagSpec } from '../flags/spec.ts'
import { ANY, filter, format, listFormat, pruneFilter } from './shared.ts'

/** Flags of volumes in a swarm: Docker reads them everywhere and lists them there only. */
const cluster = (
  type: FlagSpec['type'],
  summary: string,
  more: Partial<FlagSpec> = {},
): FlagSpec => ({
  type,
  summary,
  hidden: true,
  ...more,
})

const availability = cluster('string', 'Cluster volume availability ("active", "pause", "drain")', {
  default: 'active',
})

/** Commands on volumes. */
export const volumeCommands: readonly CommandSpec[] = [
  {
    names: ['volume create'],
    summary: 'Create a volume',
    usage: '[OPTIONS] [VOLUME]',
    operands: [0, 1],
    flags: () => ({
      availability,
      driver: {
        type: 'string',
        short: 'd',
        default: 'local',
        summary: 'Specify volume driver name',
      },
      group: cluster('string', 'Cluster Volume group (cluster volumes)'),
      label: { type: 'list', check: checkLabel, summary: 'Set metadata for a volume' },
      'limit-bytes': cluster('bytes', 'Maximum size of the Cluster Volume in bytes'),
      name: cluster('string', 'Specify volume name'),
      opt: {
        type: 'list',
        short: 'o',
        placeholder: 'map',
        shownDefault: 'map[]',
        summary: 'Set driver specific options',
      },
      'required-bytes': cluster('bytes', 'Minimum size of the Cluster Volume in bytes'),
      scope: cluster('string', 'Cluster Volume access scope ("single", "multi")', {
        default: 'single',
      }),
      secret: cluster('list', 'Cluster Volume secrets', {
        placeholder: 'map',
        shownDefault: 'map[]',
      }),
      sharing: cluster(
        'string',
        'Cluster Volume access sharing ("none", "readonly", "onewriter", "all")',
        {
          default: 'none',
        },
      ),
      'topology-preferred': cluster(
        'list',
        'A topology that the Cluster Volume would be preferred in',
      ),
      'topology-required': cluster(
        'list',
        'A topology that the Cluster Volume must be accessible from',
      ),
      type: cluster('string', 'Cluster Volume access type ("mount", "block")', {
        default: 'block',
      }),
    }),
    load: () => import('../commands/volume-create.ts'),
  },
  {
    names: ['volume inspect'],
    summary: 'Display detailed information on one or more volumes',
    usage: '[OPTIONS] VOLUME [VOLUME...]',
    operands: [1, ANY],
    flags: () => ({ format: { ...format, short: 'f' } }),
    load: () => import('../commands/inspect.ts'),
  },
  {
    names: ['volume ls', 'volume list'],
    summary: 'List volumes',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      cluster: cluster(
        'bool',
        'Display only cluster volumes, and use cluster volume list formatting',
      ),
      filter: { ...filter, summary: 'Provide filter values (e.g. "dangling=true")' },
      format: listFormat,
      quiet: { type: 'bool', short: 'q', summary: 'Only display volume names' },
    }),
    load: () => import('../commands/volume-ls.ts'),
  },
  {
    names: ['volume prune'],
    summary: 'Remove unused local volumes',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Remove all unused volumes, not just anonymous ones',
      },
      filter: pruneFilter('Provide filter values (e.g. "label=<label>")'),
      force: { type: 'bool', short: 'f', summary: 'Do not prompt for confirmation' },
    }),
    load: () => import('../commands/volume-prune.ts'),
  },
  {
    names: ['volume rm', 'volume remove'],
    summary:
      'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
    usage: '[OPTIONS] VOLUME [VOLUME...]',
    operands: [1, ANY],
    flags: () => ({
      force: { type: 'bool', short: 'f', summary: 'Force the removal of one or more volumes' },
    }),
    load: () => import('../commands/volume-rm.ts'),
  },
  {
    names: ['volume update'],
    summary: 'Update a volume (cluster volumes only)',
    usage: '[OPTIONS] [VOLUME]',
    operands: [0, 1],
    flags: () => ({ availability }),
    load: () => import('../commands/volume-update.ts'),
  },
]
