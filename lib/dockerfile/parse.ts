import type { Dockerfile, From, Instruction, Location, Stage } from './ast.ts'
import { readDirectives } from './directives.ts'
import { DockerfileError } from './errors.ts'
import { readStatements, type Statement, splitLines } from './statements.ts'
import { understand } from './understand.ts'

/**
 * Reads a Dockerfile as BuildKit's front end does: directives, continuations, here-documents, all instructions and their flags.
 * `name` is what messages call it. Throws DockerfileError with Docker's sentence and the lines it is about.
 */
export function parseDockerfile(text: string | Buffer, name: string): Dockerfile {
  const whole = (typeof text === 'string' ? text : text.toString('utf8')).replace(/^\ufeff/, '')
  if (whole === '') throw new DockerfileError('the Dockerfile cannot be empty')
  const lines = splitLines(whole)
  const { directives, count } = readDirectives(lines)
  const { statements, emptyContinuations } = readStatements(lines, directives.escape, count)
  if (statements.length === 0) {
    const location = { start: lines.length, end: lines.length }
    throw new DockerfileError('file with no instructions', location)
  }
  const { metaArgs, stages } = groupStages(statements)
  return {
    name,
    lines: whole.split(/\r?\n/),
    directives,
    emptyContinuations,
    metaArgs,
    stages,
  }
}

function groupStages(statements: readonly Statement[]): Pick<Dockerfile, 'metaArgs' | 'stages'> {
  const metaArgs: Dockerfile['metaArgs'] = []
  const stages: Stage[] = []
  for (const statement of statements) {
    const instruction = understandLocated(statement)
    const stage = stages.at(-1)
    if (instruction.kind === 'FROM') stages.push({ from: instruction, instructions: [] })
    else if (stage !== undefined) stage.instructions.push(instruction)
    else if (instruction.kind === 'ARG') metaArgs.push(instruction)
    else throw new DockerfileError('no build stage in current context', statement.location)
  }
  if (stages.length === 0) throw new DockerfileError('dockerfile contains no stages to build')
  return { metaArgs, stages }
}

function understandLocated(statement: Statement): Instruction {
  try {
    return understand(statement)
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    const { location } = statement
    const message = `dockerfile parse error on line ${location.start}: ${error.message}`
    throw new DockerfileError(message, location, { cause: error })
  }
}

/**
 * Reads the trigger that a base image keeps for builds on it (ONBUILD): one instruction, which is in the place of the FROM, whose
 * lines are given. Throws DockerfileError.
 */
export function parseTrigger(text: string, location: Location): Exclude<Instruction, From> {
  try {
    const { statements } = readStatements(splitLines(text), '\\')
    const [statement, ...more] = statements
    if (statement === undefined || more.length > 0) {
      throw new DockerfileError(`onbuild trigger should be a single expression: ${text}`)
    }
    const instruction = understand({ ...statement, location })
    if (instruction.kind !== 'FROM') return instruction
    throw new DockerfileError("FROM isn't allowed as an ONBUILD trigger")
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(error.message, location, { cause: error })
  }
}
