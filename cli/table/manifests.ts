import type { CommandSpec } from '../command-spec.ts'
import type { FlagSpec } from '../flags/spec.ts'
import { builder } from './builder-flag.ts'
import { ANY } from './shared.ts'

const insecure = (what: string): FlagSpec => ({
  type: 'bool',
  summary: `Allow ${what} without TLS, or with a certificate that nobody vouches for`,
})

/** Commands on manifest lists, those kept here and those of registries. */
export const manifestCommands: readonly CommandSpec[] = [
  {
    names: ['manifest create'],
    summary: 'Make a manifest list here, to be annotated and pushed to a registry',
    usage: 'MANIFEST_LIST MANIFEST [MANIFEST...]',
    operands: [2, ANY],
    flags: () => ({
      amend: { type: 'bool', short: 'a', summary: 'Add to a manifest list that is there' },
      insecure: insecure('a registry'),
    }),
    load: () => import('../commands/manifest-create.ts'),
  },
  {
    names: ['manifest annotate'],
    summary: 'Say more of a manifest in a list that is kept here',
    usage: '[OPTIONS] MANIFEST_LIST MANIFEST',
    operands: [2, 2],
    flags: () => ({
      arch: { type: 'string', summary: 'Architecture' },
      os: { type: 'string', summary: 'Operating system' },
      'os-features': {
        type: 'strings',
        placeholder: 'strings',
        summary: 'Features of the operating system',
      },
      'os-version': { type: 'string', summary: 'Version of the operating system' },
      variant: { type: 'string', summary: 'Variant of the architecture' },
    }),
    load: () => import('../commands/manifest-annotate.ts'),
  },
  {
    names: ['manifest push'],
    summary: 'Push a manifest list to its registry',
    usage: '[OPTIONS] MANIFEST_LIST',
    operands: [1, 1],
    flags: () => ({
      insecure: insecure('a push to a registry'),
      purge: { type: 'bool', short: 'p', summary: 'Forget the list here after the push' },
    }),
    load: () => import('../commands/manifest-push.ts'),
  },
  {
    names: ['manifest inspect'],
    summary: "Show an image's manifest, or a manifest list",
    usage: '[OPTIONS] [MANIFEST_LIST] MANIFEST',
    operands: [1, 2],
    flags: () => ({
      insecure: insecure('a registry'),
      verbose: { type: 'bool', short: 'v', summary: 'Show layers and platforms, too' },
    }),
    load: () => import('../commands/manifest-inspect.ts'),
  },
  {
    names: ['manifest rm'],
    summary: 'Forget manifest lists that are kept here',
    usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
    operands: [1, ANY],
    flags: () => ({}),
    load: () => import('../commands/manifest-rm.ts'),
  },
]

/** Commands on images in registries. */
export const imagetoolsCommands: readonly CommandSpec[] = [
  {
    names: ['buildx imagetools inspect'],
    summary: 'Show an image in a registry',
    usage: '[OPTIONS] NAME',
    operands: [1, 1],
    flags: () => ({
      builder,
      format: { type: 'string', summary: 'Format the output by a Go template' },
      raw: { type: 'bool', summary: 'Show the manifest as it is, byte by byte' },
    }),
    load: () => import('../commands/imagetools-inspect.ts'),
  },
  {
    names: ['buildx imagetools create'],
    summary: 'Make an image in a registry of others',
    usage: '[OPTIONS] [SOURCE] [SOURCE...]',
    operands: [0, ANY],
    flags: () => ({
      annotation: { type: 'list', placeholder: 'stringArray', summary: 'Annotation of the image' },
      append: { type: 'bool', summary: 'Add to the image that is there' },
      builder,
      'dry-run': { type: 'bool', summary: 'Show what would be pushed, and push nothing' },
      file: {
        type: 'list',
        short: 'f',
        placeholder: 'stringArray',
        summary: 'Read the descriptor of a source from a file',
      },
      'prefer-index': {
        type: 'bool',
        default: true,
        summary: 'Make an index of a single source, too, in place of a plain copy',
      },
      progress: {
        type: 'string',
        default: 'auto',
        summary: 'How progress is shown ("auto", "plain", "tty", "quiet", "rawjson")',
      },
      tag: {
        type: 'list',
        short: 't',
        placeholder: 'stringArray',
        summary: 'Name of the new image',
      },
    }),
    load: () => import('../commands/imagetools-create.ts'),
  },
]
