import { LighterError } from '../core/errors.ts'
import { randomHex } from '../core/random.ts'
import { type ExecRequest, writeExecRequest } from '../runtime/exec.ts'
import type { Container } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { healthCommand } from './health.ts'
import { openFilesLimit } from './open-files.ts'
import type { ContainerRecord } from './record.ts'
import { resolveCapabilities } from './spec/capabilities.ts'
import { containerEnvironment, describeProcess, mergeEnvironment } from './spec/process.ts'
import { parseSecurityOptions } from './spec/security.ts'
import { readState } from './state.ts'
import { notRunning, stillRestarting } from './stop.ts'

export interface ExecOptions {
  command: string[]
  detach: boolean
  stdin: boolean
  tty: boolean
  env: string[]
  user: string | undefined
  workingDir: string | undefined
  privileged: boolean
  detachKeys: string | undefined
  consoleSize: [number, number]
  /** The container, as the user called it. */
  name: string
  errorPrefix: string
}

/** Prepares a further process of a running container; returns the native program's arguments. Throws `not-running`. */
export function prepareExec(data: string, container: Container, options: ExecOptions): string[] {
  const { record, directory } = container
  const state = readState(directory)
  if (state.status === 'restarting') throw stillRestarting(record.id)
  if (state.status !== 'running') throw notRunning(record.id)
  if (state.paused) {
    throw new LighterError(
      'conflict',
      `Container ${options.name} is paused, unpause the container before exec`,
    )
  }
  const id = randomHex(32)
  const file = writeExecRequest(directory, id, describeExec(record, options))
  const [program = '', ...args] = options.command
  const command = `${program} ${args.join(' ')}`
  for (const action of ['exec_create', 'exec_start'])
    recordContainerEvent(data, record, `${action}: ${command}`, { execID: id })
  return [
    'exec',
    '--container',
    directory,
    '--exec',
    file,
    ...(options.detachKeys === undefined ? [] : ['--detach-keys', options.detachKeys]),
    '--error-prefix',
    options.errorPrefix,
  ]
}

function describeExec(
  record: ContainerRecord,
  options: Omit<ExecOptions, 'name' | 'detachKeys' | 'errorPrefix'>,
): ExecRequest {
  const { noNewPrivileges } = parseSecurityOptions(record.host.securityOpt)
  const privileged = record.host.privileged || options.privileged
  return {
    version: 1,
    process: describeProcess(
      {
        capabilities: resolveCapabilities({ ...record.host, privileged }),
        noNewPrivileges,
        openFiles: openFilesLimit(),
        ulimits: record.host.ulimits,
        oomScoreAdj: record.host.oomScoreAdj,
      },
      {
        args: options.command,
        env: mergeEnvironment(containerEnvironment(record, options.tty), options.env),
        cwd: options.workingDir || record.config.workingDir || '/',
        terminal: options.tty,
        consoleSize: options.consoleSize,
      },
    ),
    user: options.user ?? record.config.user,
    detach: options.detach,
    stdin: options.stdin,
  }
}

/** The request by which the monitor checks the container's health; `undefined` where it has no check. */
export function healthRequest(record: ContainerRecord): ExecRequest | undefined {
  const command = healthCommand(record.config)
  if (!command) return undefined
  return describeExec(record, {
    command,
    detach: false,
    stdin: false,
    tty: false,
    env: [],
    user: undefined,
    workingDir: undefined,
    privileged: false,
    consoleSize: [0, 0],
  })
}
