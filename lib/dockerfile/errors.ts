import { LighterError } from '../core/errors.ts'
import type { Location } from './ast.ts'

/** A build that cannot go on because of what its Dockerfile says; printed with the lines it comes from. */
export class DockerfileError extends LighterError {
  readonly location: Location | undefined
  /** The file that the location is of; set by whoever has read it. */
  source: { name: string; lines: readonly string[] } | undefined

  constructor(
    message: string,
    location?: Location,
    options: { cause?: unknown; hint?: string } = {},
  ) {
    super('build', message, options)
    this.location = location
  }
}
