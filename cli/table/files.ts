import type { CommandSpec } from '../command-spec.ts'
import { ANY, platform } from './shared.ts'

/** Commands on the files of containers, and what images are made of them. */
export const fileCommands: readonly CommandSpec[] = [
  {
    names: ['container diff', 'diff'],
    summary: "Inspect changes to files or directories on a container's filesystem",
    usage: 'CONTAINER',
    operands: [1, 1],
    flags: () => ({}),
    load: () => import('../commands/diff.ts'),
  },
  {
    names: ['container export', 'export'],
    summary: "Export a container's filesystem as a tar archive",
    usage: '[OPTIONS] CONTAINER',
    operands: [1, 1],
    flags: () => ({
      output: {
        type: 'string',
        short: 'o',
        summary: 'Write to a file, instead of STDOUT',
      },
    }),
    load: () => import('../commands/export.ts'),
  },
  {
    names: ['container cp', 'cp'],
    summary: 'Copy files/folders between a container and the local filesystem',
    usage:
      '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
    operands: [2, 2],
    flags: () => ({
      archive: {
        type: 'bool',
        short: 'a',
        summary: 'Archive mode (copy all uid/gid information)',
      },
      'follow-link': {
        type: 'bool',
        short: 'L',
        summary: 'Always follow symbol link in SRC_PATH',
      },
      quiet: {
        type: 'bool',
        short: 'q',
        summary:
          'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
      },
    }),
    load: () => import('../commands/cp.ts'),
  },
  {
    names: ['container commit', 'commit'],
    summary: "Create a new image from a container's changes",
    usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
    operands: [1, 2],
    flags: () => ({
      author: {
        type: 'string',
        short: 'a',
        summary: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
      },
      change: {
        type: 'list',
        short: 'c',
        summary: 'Apply Dockerfile instruction to the created image',
      },
      message: { type: 'string', short: 'm', summary: 'Commit message' },
      pause: { type: 'bool', short: 'p', default: true, summary: 'Pause container during commit' },
      'no-pause': { type: 'bool', summary: 'Disable pausing container during commit' },
    }),
    load: () => import('../commands/commit.ts'),
  },
  {
    names: ['image import', 'import'],
    summary: 'Import the contents from a tarball to create a filesystem image',
    usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
    operands: [1, ANY],
    flags: () => ({
      change: {
        type: 'list',
        short: 'c',
        summary: 'Apply Dockerfile instruction to the created image',
      },
      message: { type: 'string', short: 'm', summary: 'Set commit message for imported image' },
      platform,
    }),
    load: () => import('../commands/import.ts'),
  },
]
