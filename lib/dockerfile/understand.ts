import type { Instruction } from './ast.ts'
import { DockerfileError } from './errors.ts'
import { Flags } from './flags.ts'
import type { Understanding } from './instructions/arguments.ts'
import { readAdd, readCopy } from './instructions/copy.ts'
import { readFrom } from './instructions/from.ts'
import { readHealthcheck } from './instructions/healthcheck.ts'
import { readOnbuild } from './instructions/onbuild.ts'
import { readRun } from './instructions/run.ts'
import { SETTINGS } from './instructions/settings.ts'
import type { Statement } from './statements.ts'
import { closest } from './suggest.ts'

const UNDERSTANDINGS: ReadonlyMap<string, Understanding> = new Map([
  ['FROM', readFrom],
  ['RUN', readRun],
  ['COPY', readCopy],
  ['ADD', readAdd],
  ['HEALTHCHECK', readHealthcheck],
  ['ONBUILD', readOnbuild],
  ...SETTINGS,
])

/** Understands an instruction that was taken apart. Throws DockerfileError with Docker's sentences, without a location. */
export function understand(statement: Statement): Instruction {
  const understanding = UNDERSTANDINGS.get(statement.name)
  if (understanding === undefined) throw unknownInstruction(statement.keyword)
  return understanding.read(statement, new Flags(statement.flags, understanding.flags))
}

/** Suggestions are in capitals for those who write capitals. */
function unknownInstruction(keyword: string): DockerfileError {
  const meant = closest(keyword.toUpperCase(), UNDERSTANDINGS.keys())
  const shown = keyword === keyword.toUpperCase() ? meant : meant?.toLowerCase()
  const suggestion = shown === undefined ? '' : ` (did you mean ${shown}?)`
  return new DockerfileError(`unknown instruction: ${keyword}${suggestion}`)
}
