import { execState, findExec, type RecordedExec } from '../../lib/container/exec-record.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import { bytesOfKeys } from './detach-keys.ts'

/** `GET /exec/:id/json`. */
export async function inspectExec({ engine, params, reply }: Call): Promise<void> {
  const exec = findExecOr404(engine.paths.data, params.id ?? '')
  const state = await execState(exec)
  const { wishes, attach, detachKeys } = exec.record
  const [entrypoint = '', ...args] = wishes.command
  reply.json({
    ID: exec.id,
    Running: state.status === 'running',
    ExitCode: state.status === 'ended' ? state.exitCode : null,
    ProcessConfig: {
      tty: wishes.tty,
      entrypoint,
      arguments: args,
      privileged: wishes.privileged,
      ...(wishes.user === undefined ? {} : { user: wishes.user }),
    },
    OpenStdin: wishes.stdin,
    OpenStderr: attach.stderr,
    OpenStdout: attach.stdout,
    // Of Docker's garbage collection, which there is none of here: what is told of is there.
    CanRemove: false,
    ContainerID: exec.container.record.id,
    DetachKeys: bytesOfKeys(detachKeys).toString('base64'),
    Pid: state.status === 'created' ? 0 : state.pid,
  })
}

/** Throws 404 where there is none of this id, or its container has gone. */
export function findExecOr404(data: string, id: string): RecordedExec {
  const exec = findExec(data, id)
  if (!exec) throw new ApiError(404, `No such exec instance: ${id}`)
  return exec
}
