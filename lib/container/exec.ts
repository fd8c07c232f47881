import { LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { writeExecRequest } from '../runtime/exec.ts'
import { type Container, nameInAddress, stateOf } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { describeExec, type ExecWishes } from './exec-request.ts'
import type { ContainerRecord } from './record.ts'
import { endedMeanwhile, notRunning, stillRestarting } from './stop.ts'

export interface ExecOptions extends ExecWishes {
  detachKeys: string | undefined
  /** The container, as the user called it. */
  name: string
  errorPrefix: string
  /** Before the sentence about a container that goes meanwhile. */
  gonePrefix: string
}

/** Throws `not-running` or `conflict` where a container cannot take a further process now. `name`: as the user called it. */
export function checkReady(container: Container, name: string): void {
  const { record } = container
  const state = stateOf(container, name)
  if (state.status === 'restarting') throw stillRestarting(record.id)
  if (state.status !== 'running') throw notRunning(record.id)
  if (state.paused) {
    throw new LighterError(
      'conflict',
      `Container ${name} is paused, unpause the container before exec`,
    )
  }
}

/** Prepares a further process of a container that is ready for one; returns the native program's arguments. */
export function prepareExec(data: string, container: Container, options: ExecOptions): string[] {
  const { record, directory } = container
  const id = randomHex(32)
  const file = writeExecRequest(directory, id, describeExec(record, options))
  if (file === undefined) throw endedMeanwhile(container, options.name)
  for (const action of ['exec_create', 'exec_start'] as const)
    recordExecEvent(data, record, action, id, options.command)
  return [
    'exec',
    '--container',
    directory,
    '--exec',
    file,
    ...(options.detachKeys === undefined ? [] : ['--detach-keys', options.detachKeys]),
    '--error-prefix',
    options.errorPrefix,
    '--gone-prefix',
    options.gonePrefix,
    '--name',
    nameInAddress(options.name),
  ]
}

/** The events of a further process that carry its command. */
export function recordExecEvent(
  data: string,
  record: ContainerRecord,
  action: 'exec_create' | 'exec_start',
  id: string,
  [program = '', ...args]: string[],
): void {
  recordContainerEvent(data, record, `${action}: ${program} ${args.join(' ')}`, { execID: id })
}
