import { lazyCrypto } from '../../core/lazy.ts'
import type { Step } from '../graph.ts'

/**
 * Makes a step. `identity`: what an operation that is no plain data does; equal ones do the same. Equal steps have equal digests, whatever
 * they are called.
 */
export function makeStep(step: Omit<Step, 'digest'>, identity: unknown = step.operation): Step {
  const definition = {
    type: step.operation.type,
    identity,
    inputs: step.inputs.map(({ digest }) => digest),
    fresh: step.fresh,
  }
  const hash = lazyCrypto().createHash('sha256').update(JSON.stringify(definition)).digest('hex')
  return { ...step, digest: `sha256:${hash}` }
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
