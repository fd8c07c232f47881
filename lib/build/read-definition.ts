import type { Dockerfile } from '../dockerfile/ast.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'

/** Reads a Dockerfile; its mistakes are told with its lines. */
export function readDefinition({ name, bytes }: { name: string; bytes: Buffer }): Dockerfile {
  try {
    return parseDockerfile(bytes, name)
  } catch (error) {
    throw withSource(error, { name, lines: bytes.toString('utf8').split(/\r?\n/) })
  }
}

/** A mistake of a Dockerfile that says of which file its location is. */
export function withSource(error: unknown, source: Pick<Dockerfile, 'name' | 'lines'>): unknown {
  if (error instanceof DockerfileError && error.location) error.source ??= source
  return error
}
