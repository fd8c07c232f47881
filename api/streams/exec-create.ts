import { findContainer } from '../../lib/container/catalog.ts'
import { checkReady, recordExecEvent } from '../../lib/container/exec.ts'
import { type ExecRecord, writeExecRecord } from '../../lib/container/exec-record.ts'
import { endedMeanwhile } from '../../lib/container/stop.ts'
import { randomHex } from '../../lib/core/random.ts'
import { type ApiVersion, atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'
import { consoleSizeOf } from './console-size.ts'
import { DetachKeys } from './detach-keys.ts'

/** `POST /containers/:id/exec`: makes a further process of a running container, which is started by another request. */
export async function createExec({ engine, params, body, version, reply }: Call): Promise<void> {
  const name = params.id ?? ''
  const record = readRequest(
    new Fields((await body.json('ExecConfig')) ?? {}, 'ExecConfig'),
    version,
  )
  const container = findContainer(engine.paths.data, name)
  checkReady(container, name)
  const id = randomHex(32)
  if (!writeExecRecord(container, id, record)) throw endedMeanwhile(container, name)
  recordExecEvent(engine.paths.data, container.record, 'exec_create', id, record.wishes.command)
  reply.json({ Id: id }, 201)
}

function readRequest(fields: Fields, version: ApiVersion): ExecRecord {
  const command = fields.texts('Cmd')
  if (command.length === 0) throw badRequest('No exec command specified')
  const detachKeys = fields.text('DetachKeys')
  new DetachKeys(detachKeys, 'escape')
  const tty = fields.bool('Tty')
  return {
    version: 1,
    wishes: {
      command,
      stdin: fields.bool('AttachStdin'),
      tty,
      // Before 1.25 there was none.
      env: atLeast(version, 25) ? fields.texts('Env') : [],
      user: fields.text('User') || undefined,
      workingDir: fields.text('WorkingDir') || undefined,
      privileged: fields.bool('Privileged'),
    },
    attach: { stdout: fields.bool('AttachStdout'), stderr: fields.bool('AttachStderr') },
    consoleSize: tty ? consoleSizeOf(fields, version) : [0, 0],
    detachKeys,
  }
}
