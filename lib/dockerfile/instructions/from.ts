import type { From } from '../ast.ts'
import { quoted } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import type { Flags } from '../flags.ts'
import type { Statement } from '../statements.ts'
import { common, type Understanding } from './arguments.ts'

export const readFrom: Understanding = { flags: { platform: 'text' }, read: fromOf }

function fromOf(statement: Statement, flags: Flags): From {
  const [base = '', as, name] = statement.args
  const count = statement.args.length
  const named = count === 3 && as?.toLowerCase() === 'as'
  if (count !== 1 && !named) {
    throw new DockerfileError('FROM requires either one or three arguments')
  }
  return {
    ...common(statement),
    kind: 'FROM',
    base,
    platform: flags.text('platform'),
    as: name === undefined ? undefined : stageName(name),
    comments: statement.comments,
  }
}

function stageName(written: string): string {
  const name = written.toLowerCase()
  if (/^[a-z][a-z0-9\-_.]*$/.test(name)) return name
  throw new DockerfileError(
    `invalid name for build stage: ${quoted(written)}, name can't start with a number or contain symbols`,
  )
}
