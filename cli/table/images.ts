import type { CommandSpec } from '../command-spec.ts'
import { contentTrust } from '../flags/content-trust.ts'
import { ANY, filter, format, listFormat, onlyPlatform, platform, pruneFilter } from './shared.ts'

/** Commands on images. */
export const imageCommands: readonly CommandSpec[] = [
  {
    names: ['image pull', 'pull'],
    summary: 'Download an image from a registry',
    usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
    operands: [1, 1],
    flags: () => ({
      'all-tags': {
        type: 'bool',
        short: 'a',
        summary: 'Download all tagged images in the repository',
      },
      'disable-content-trust': contentTrust(),
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
      format: listFormat,
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
      quiet: { type: 'bool', short: 'q', summary: 'Only show image IDs' },
      tree: { type: 'bool', summary: 'List multi-platform images as a tree (EXPERIMENTAL)' },
    }),
    load: () => import('../commands/images.ts'),
  },
  {
    names: ['image inspect'],
    summary: 'Display detailed information on one or more images',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    operands: [1, ANY],
    flags: () => ({
      format: { ...format, short: 'f' },
      platform: onlyPlatform('Inspect'),
    }),
    load: () => import('../commands/inspect.ts'),
  },
  {
    names: ['image history', 'history'],
    summary: 'Show the history of an image',
    usage: '[OPTIONS] IMAGE',
    operands: [1, 1],
    flags: () => ({
      format: listFormat,
      human: {
        type: 'bool',
        short: 'H',
        default: true,
        summary: 'Print sizes and dates in human readable format',
      },
      'no-trunc': { type: 'bool', summary: "Don't truncate output" },
      platform: onlyPlatform('Show history of'),
      quiet: { type: 'bool', short: 'q', summary: 'Only show image IDs' },
    }),
    load: () => import('../commands/history.ts'),
  },
  {
    names: ['image prune'],
    summary: 'Remove unused images',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      all: {
        type: 'bool',
        short: 'a',
        summary: 'Remove all unused images, not just dangling ones',
      },
      filter: pruneFilter('Provide filter values (e.g. "until=<timestamp>")'),
      force: { type: 'bool', short: 'f', summary: 'Do not prompt for confirmation' },
    }),
    load: () => import('../commands/image-prune.ts'),
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
      platform: { ...onlyPlatform('Remove'), type: 'strings', placeholder: 'strings' },
    }),
    load: () => import('../commands/rmi.ts'),
  },
  {
    names: ['image save', 'save'],
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    usage: '[OPTIONS] IMAGE [IMAGE...]',
    operands: [1, ANY],
    flags: () => ({
      output: { type: 'string', short: 'o', summary: 'Write to a file, instead of STDOUT' },
      platform: onlyPlatform('Save'),
    }),
    load: () => import('../commands/save.ts'),
  },
  {
    names: ['image load', 'load'],
    summary: 'Load an image from a tar archive or STDIN',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      input: {
        type: 'string',
        short: 'i',
        summary: 'Read from tar archive file, instead of STDIN',
      },
      platform: onlyPlatform('Load'),
      quiet: { type: 'bool', short: 'q', summary: 'Suppress the load output' },
    }),
    load: () => import('../commands/load.ts'),
  },
  {
    names: ['image tag', 'tag'],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
    operands: [2, 2],
    flags: () => ({}),
    stopAtOperand: true,
    load: () => import('../commands/tag.ts'),
  },
]
