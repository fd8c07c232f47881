import type { ExecRequest } from '../runtime/exec.ts'
import { healthCommand } from './health.ts'
import { openFilesLimit } from './open-files.ts'
import type { ContainerRecord } from './record.ts'
import { resolveCapabilities } from './spec/capabilities.ts'
import { containerEnvironment, describeProcess, mergeEnvironment } from './spec/process.ts'
import { parseSecurityOptions } from './spec/security.ts'

/** A further process of a container. */
export interface ExecWishes {
  command: string[]
  detach: boolean
  stdin: boolean
  tty: boolean
  env: string[]
  user: string | undefined
  workingDir: string | undefined
  privileged: boolean
  consoleSize: [number, number]
}

/** What the native program is told of a further process of a container. */
export function describeExec(record: ContainerRecord, options: ExecWishes): ExecRequest {
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
