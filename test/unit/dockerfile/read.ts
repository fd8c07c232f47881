import type { Dockerfile, Instruction, Location } from '../../../lib/dockerfile/ast.ts'
import { DockerfileError } from '../../../lib/dockerfile/errors.ts'
import { parseDockerfile } from '../../../lib/dockerfile/parse.ts'

/** A Dockerfile of lines. */
export const read = (...lines: string[]): Dockerfile =>
  parseDockerfile(`${lines.join('\n')}\n`, 'Dockerfile')

/** The only instruction after a FROM, without its lines. */
export function readOne<Kind extends Instruction['kind']>(
  ...lines: string[]
): Instruction & { kind: Kind } {
  const [stage] = read('FROM scratch', ...lines).stages
  return stage?.instructions[0] as Instruction & { kind: Kind }
}

/** What is wrong, and where. */
export function refusal(step: () => unknown): { message: string; location: Location | undefined } {
  try {
    step()
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    return { message: error.message, location: error.location }
  }
  throw new Error('it was not refused')
}
