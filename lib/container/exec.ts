import { randomHex } from '../core/random.ts'
import { writeExecRequest } from '../runtime/exec.ts'
import type { Container } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { resolveCapabilities } from './spec/capabilities.ts'
import { containerEnvironment, describeProcess, mergeEnvironment } from './spec/process.ts'
import { parseSecurityOptions } from './spec/security.ts'
import { openFilesLimit } from './start.ts'
import { readState } from './state.ts'
import { notRunning } from './stop.ts'

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
  errorPrefix: string
}

/** Prepares a further process of a running container; returns the native program's arguments. Throws `not-running`. */
export function prepareExec(data: string, container: Container, options: ExecOptions): string[] {
  const { record, directory } = container
  if (readState(directory).status !== 'running') throw notRunning(record.id)
  const { noNewPrivileges } = parseSecurityOptions(record.host.securityOpt)
  const privileged = record.host.privileged || options.privileged
  const id = randomHex(32)
  const file = writeExecRequest(directory, id, {
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
  })
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
