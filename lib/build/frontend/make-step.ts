import { lazyCrypto } from '../../core/lazy.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { MAX_DEPTH, type Step } from '../graph.ts'

/**
 * Makes a step. `identity`: what an operation that is no plain data does; equal ones do the same. Equal steps have equal digests, whatever
 * they are called. Throws `DockerfileError` for more steps on top of each other than a program can follow.
 */
export function makeStep(
  step: Omit<Step, 'digest' | 'depth'>,
  identity: unknown = step.operation,
): Step {
  const depth = Math.max(0, ...step.inputs.map((input) => input.depth + 1))
  if (depth > MAX_DEPTH) throw new DockerfileError('max depth exceeded', step.location)
  const definition = {
    type: step.operation.type,
    identity,
    inputs: step.inputs.map(({ digest }) => digest),
    fresh: step.fresh,
  }
  const hash = lazyCrypto().createHash('sha256').update(JSON.stringify(definition)).digest('hex')
  return { ...step, depth, digest: `sha256:${hash}` }
}

/** No files: where `FROM scratch` and `--link` begin. */
export const scratch = (): Step =>
  makeStep({
    name: 'scratch',
    location: undefined,
    inputs: [],
    operation: { type: 'scratch' },
    fresh: false,
  })
