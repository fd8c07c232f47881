import type { CommandLine, Instruction } from '../ast.ts'
import { DockerfileError } from '../errors.ts'
import type { Flags, FlagType } from '../flags.ts'
import type { Statement } from '../statements.ts'

/** How an instruction is understood: the flags it knows, and what it makes of its arguments. */
export interface Understanding {
  flags: Readonly<Record<string, FlagType>>
  read: (statement: Statement, flags: Flags) => Instruction
}

/** What all instructions have. */
export const common = ({
  location,
  original,
}: Statement): Pick<Instruction, 'location' | 'original'> => ({
  location,
  original,
})

export function exactlyOne({ args, name }: Statement): string {
  const [only] = args
  if (only !== undefined && args.length === 1) return only
  throw new DockerfileError(`${name} requires exactly one argument`)
}

export function atLeastOne<T>(name: string, args: T[]): T[] {
  if (args.length > 0) return args
  throw new DockerfileError(`${name} requires at least one argument`)
}

/** A list, or a text for the shell with its here-documents. */
export function commandOf({ json, args, heredocs }: Statement): CommandLine {
  if (json) return { form: 'exec', args }
  const documents = heredocs.map(({ written: _, ...heredoc }) => heredoc)
  return { form: 'shell', text: args.join(' '), heredocs: documents }
}
