import type { Instruction } from '../ast.ts'
import { DockerfileError } from '../errors.ts'
import type { Statement } from '../statements.ts'
import { common, type Understanding } from './arguments.ts'

export const readOnbuild: Understanding = { flags: {}, read: onbuildOf }

/** The trigger stays text, here-documents and all: it is read again by the builds that it is for. */
function onbuildOf(statement: Statement): Instruction {
  const { trigger, heredocs } = statement
  if (trigger === undefined) throw new DockerfileError('ONBUILD requires at least one argument')
  if (trigger.name === 'ONBUILD') {
    throw new DockerfileError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
  }
  if (trigger.name === 'FROM' || trigger.name === 'MAINTAINER') {
    throw new DockerfileError(`${trigger.name} isn't allowed as an ONBUILD trigger`)
  }
  const documents = heredocs.map(({ written, name }) => `\n${written}${name}`)
  return {
    ...common(statement),
    kind: 'ONBUILD',
    trigger: trigger.original + documents.join(''),
  }
}
