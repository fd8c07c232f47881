import type { Copy, InlineFile } from '../ast.ts'
import { DockerfileError } from '../errors.ts'
import type { Flags, FlagType } from '../flags.ts'
import { heredocOf } from '../heredoc.ts'
import type { Statement } from '../statements.ts'
import type { Understanding } from './arguments.ts'

const BOTH: Readonly<Record<string, FlagType>> = {
  chown: 'text',
  chmod: 'text',
  link: 'truth',
  exclude: 'texts',
}

export const readCopy: Understanding = {
  flags: { ...BOTH, from: 'text', parents: 'truth' },
  read: (statement, flags) => ({
    ...copyOf(statement, flags, 'COPY'),
    from: flags.text('from'),
    parents: flags.truth('parents') ?? false,
  }),
}

export const readAdd: Understanding = {
  flags: { ...BOTH, checksum: 'text', 'keep-git-dir': 'truth', unpack: 'truth' },
  read: (statement, flags) => ({
    ...copyOf(statement, flags, 'ADD'),
    checksum: flags.text('checksum'),
    keepGitDir: flags.truth('keep-git-dir'),
    unpack: flags.truth('unpack'),
  }),
}

function copyOf(statement: Statement, flags: Flags, kind: Copy['kind']): Copy {
  const { args, location, original } = statement
  const destination = args.at(-1)
  if (destination === undefined || args.length < 2) {
    throw new DockerfileError(
      `${kind} requires at least two arguments, but only one was provided. Destination could not be determined`,
    )
  }
  if (heredocOf(destination) !== undefined) {
    throw new DockerfileError(`${kind} cannot accept a heredoc as a destination`)
  }
  const { sources, inline } = sourcesOf(args.slice(0, -1), statement)
  return {
    location,
    original,
    kind,
    sources,
    inline,
    destination,
    from: undefined,
    chown: flags.text('chown'),
    chmod: flags.text('chmod'),
    link: flags.truth('link') ?? false,
    parents: false,
    exclude: flags.texts('exclude'),
    checksum: undefined,
    keepGitDir: undefined,
    unpack: undefined,
  }
}

function sourcesOf(
  words: readonly string[],
  { heredocs }: Statement,
): Pick<Copy, 'sources' | 'inline'> {
  const contents = new Map(heredocs.map(({ name, content }) => [name, content]))
  const sources: string[] = []
  const inline: InlineFile[] = []
  for (const word of words) {
    const heredoc = heredocOf(word)
    if (heredoc === undefined) sources.push(word)
    else {
      const { name, expand } = heredoc
      inline.push({ path: name, content: contents.get(name) ?? '', expand })
    }
  }
  return { sources, inline }
}
