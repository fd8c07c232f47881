import { isInteger } from '../core/characters.ts'
import { LighterError } from '../core/errors.ts'
import type { RestartPolicyName } from '../runtime/plan.ts'
import type { ContainerRecord } from './record.ts'
import type { RestartPolicy } from './supervision.ts'

const NAMES: readonly string[] = ['no', 'always', 'on-failure', 'unless-stopped']

/** `NAME[:COUNT]`; whether the name is one is asked by `checkRestartPolicy`. Throws `usage`. */
export function parseRestartPolicy(text: string): RestartPolicy | undefined {
  if (text === '') return undefined
  const bad = (reason: string): LighterError =>
    new LighterError('usage', `invalid restart policy format: ${reason}`)
  const colon = text.indexOf(':')
  const name = (colon < 0 ? text : text.slice(0, colon)) as RestartPolicyName
  if (name.length === 0) throw bad('no policy provided before colon')
  if (colon < 0) return { name, maximumRetryCount: 0 }
  const count = text.slice(colon + 1)
  if (!isInteger(count)) throw bad('maximum retry count must be an integer')
  return { name, maximumRetryCount: Number(count) }
}

/** Throws `bad-input` with Docker's sentence. */
export function checkRestartPolicy(policy: RestartPolicy): RestartPolicy {
  const bad = (reason: string): LighterError =>
    new LighterError('bad-input', `invalid restart policy: ${reason}`)
  const { name, maximumRetryCount } = policy
  if (!NAMES.includes(name)) {
    throw bad(
      `unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    )
  }
  if (name !== 'on-failure' && maximumRetryCount !== 0) {
    const negative = maximumRetryCount < 0 ? ' and cannot be negative' : ''
    throw bad(`maximum retry count can only be used with 'on-failure'${negative}`)
  }
  if (maximumRetryCount < 0) throw bad('maximum retry count cannot be negative')
  return policy
}

/** The policy that a container is to get in its life. Throws `bad-input`. */
export function checkNewPolicy(
  { id, host }: ContainerRecord,
  wanted: RestartPolicy,
): RestartPolicy {
  const policy = checkRestartPolicy(wanted)
  if (!host.autoRemove || policy.name === 'no') return policy
  throw new LighterError(
    'bad-input',
    `Cannot update container ${id}: Restart policy cannot be updated because AutoRemove is enabled for the container`,
  )
}
