import type { Dockerfile } from '../dockerfile/ast.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'

/** Far more than anybody writes: each may bring the variables of all before it, and checks look at each pair. */
const MAX_STAGES = 2_000

/** Reads a Dockerfile; its mistakes are told with its lines. */
export function readDefinition({ name, bytes }: { name: string; bytes: Buffer }): Dockerfile {
  try {
    const dockerfile = parseDockerfile(bytes, name)
    const surplus = dockerfile.stages[MAX_STAGES]
    if (surplus)
      throw new DockerfileError(`there are more than ${MAX_STAGES} stages`, surplus.from.location)
    return dockerfile
  } catch (error) {
    throw withSource(error, { name, lines: bytes.toString('utf8').split(/\r?\n/) })
  }
}

/** A mistake of a Dockerfile that says of which file its location is. */
export function withSource(error: unknown, source: Pick<Dockerfile, 'name' | 'lines'>): unknown {
  if (error instanceof DockerfileError && error.location) error.source ??= source
  return error
}
