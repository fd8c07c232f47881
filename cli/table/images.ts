import type { CommandSpec } from '../command-spec.ts'
import { ANY, filter, format, platform } from './shared.ts'

/** Commands on images. */
export const imageCommands: readonly CommandSpec[] = [
  {
    names: ['image pull', 'pull'],
    summary: 'Download an image from a registry',
    usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
    operands: [1, 1],
    flags: () => ({
      platform,
      quiet: { type: 'bool', short: 'q', summary: 'Suppress verbose output' },
    }),
    load: () => import('../commands/pull.ts'),
  },
  {
    names: ['image ls', 'image list', 'images'],
    summary: 'List images',
    usage: '[OPTIONS] [REPOSITORY[:TAG]]',
    operands: [0, 1],
    flags: () => ({
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Show all images (default hides intermediate images)',
      },
      digests: { type: 'bool', summary: 'Show digests' },
      filter,
      format,
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
      quiet: { type: 'bool', short: 'q', summary: 'Only show image IDs' },
    }),
    load: () => import('../commands/images.ts'),
  },
  {
    names: ['image inspect'],
    summary: 'Display detailed information on one or more images',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    operands: [1, ANY],
    flags: () => ({ format: { ...format, short: 'f' } }),
    load: () => import('../commands/inspect.ts'),
  },
  {
    names: ['image rm', 'image remove', 'rmi'],
    summary: 'Remove one or more images',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    operands: [1, ANY],
    flags: () => ({
      force: { type: 'bool', short: 'f', summary: 'Force removal of the image' },
      // Layers are no images of their own here: there is never an untagged parent to delete.
      'no-prune': { type: 'bool', summary: 'Do not delete untagged parents' },
    }),
    load: () => import('../commands/rmi.ts'),
  },
  {
    names: ['image tag', 'tag'],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
    operands: [2, 2],
    flags: () => ({}),
    load: () => import('../commands/tag.ts'),
  },
]
