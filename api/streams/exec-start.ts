import type { Duplex } from 'node:stream'
import { missing } from '../../lib/container/catalog.ts'
import { recordContainerEvent } from '../../lib/container/events.ts'
import { checkReady, recordExecEvent } from '../../lib/container/exec.ts'
import {
  claimExec,
  execState,
  type RecordedExec,
  recordExecFailure,
} from '../../lib/container/exec-record.ts'
import { describeExec } from '../../lib/container/exec-request.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { writeExecRequest } from '../../lib/runtime/exec.ts'
import { ExecProcess } from '../../lib/runtime/exec-process.ts'
import { type FailedReport, failureError } from '../../lib/runtime/native.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { Fields } from '../http/fields.ts'
import { MULTIPLEXED_STREAM, RAW_STREAM } from '../http/reply.ts'
import { closeClient, endWith } from './carry.ts'
import { consoleSizeOf } from './console-size.ts'
import { findExecOr404 } from './exec-inspect.ts'
import { serveExec } from './exec-streams.ts'
import { streamFrame } from './stream-frame.ts'

/** As shells count it. */
const COMMAND_NOT_EXECUTABLE = 126
const COMMAND_NOT_FOUND = 127

interface StartWishes {
  detach: boolean
  tty: boolean
  consoleSize: [number, number]
}

/** `POST /exec/:id/start`: the connection becomes the process's streams, unless the client does not want to see it. */
export async function startExec(call: Call): Promise<void> {
  const { engine, params, body, version } = call
  const fields = new Fields((await body.json('ExecStartCheck')) ?? {}, 'ExecStartCheck')
  const tty = fields.bool('Tty')
  const wishes = {
    detach: fields.bool('Detach'),
    tty,
    consoleSize: tty ? consoleSizeOf(fields, version) : ([0, 0] as [number, number]),
  }
  const exec = findExecOr404(engine.paths.data, params.id ?? '')
  checkReady(exec.container, exec.container.record.id)
  claimExec(exec)
  const wrong = wrongDirectory(exec)
  if (wishes.detach) await startDetached(call, exec, wishes, wrong)
  else await startAttached(call, exec, wishes, wrong)
}

/** Docker makes such a process, and finds out at its start. */
function wrongDirectory(exec: RecordedExec): LighterError | undefined {
  const { workingDir } = exec.record.wishes
  if (workingDir === undefined || workingDir.startsWith('/')) return undefined
  recordExecFailure(exec, COMMAND_NOT_EXECUTABLE)
  const sentence = 'OCI runtime exec failed: exec failed: Cwd must be an absolute path'
  return new LighterError('start-failed', asOfRuntime(sentence))
}

async function startDetached(
  call: Call,
  exec: RecordedExec,
  wishes: StartWishes,
  wrong: LighterError | undefined,
): Promise<void> {
  if (wrong) throw wrong
  const process = launch(call, exec, wishes)
  const failed = await process.started()
  process.leave()
  if (failed) throw failure(exec, failed)
  call.reply.empty(200)
}

async function startAttached(
  call: Call,
  exec: RecordedExec,
  wishes: StartWishes,
  wrong: LighterError | undefined,
): Promise<void> {
  const { reply, headers, version } = call
  const isUpgrade = headers.upgrade !== undefined
  const isTold = isUpgrade && atLeast(version, 42) && !wishes.tty
  const process = wrong ? undefined : launch(call, exec, wishes)
  const client = reply.hijack(isTold ? MULTIPLEXED_STREAM : RAW_STREAM)
  client.on('error', () => client.destroy())
  endWith(call.signal, client)
  const error = process ? await serve(call, exec, { client, process, isBare: wishes.tty }) : wrong
  if (error) {
    const text = Buffer.from(`${error.message}\r\n`)
    client.write(wishes.tty ? text : streamFrame(1, text))
  }
  await closeClient(client)
}

/** Serves the client until either is done; returns what kept the process from running. */
async function serve(
  call: Call,
  exec: RecordedExec,
  { client, process, isBare }: { client: Duplex; process: ExecProcess; isBare: boolean },
): Promise<LighterError | undefined> {
  const served = serveExec(client, process, {
    isBare,
    tty: exec.record.wishes.tty,
  })
  const failed = await process.started()
  const ending = await served
  if (failed) return failure(exec, failed)
  if (ending === 'over') await noteDetaching(call, exec)
  return undefined
}

/** Starts the native program. It is not known yet whether the process runs. */
function launch(
  { engine }: Call,
  exec: RecordedExec,
  { detach, consoleSize }: StartWishes,
): ExecProcess {
  const { id, container } = exec
  const { wishes, attach, detachKeys } = exec.record
  const [rows, columns] = consoleSize
  const size = rows > 0 && columns > 0 ? consoleSize : exec.record.consoleSize
  const request = describeExec(container.record, { ...wishes, detach, consoleSize: size })
  const file = writeExecRequest(container.directory, id, { ...request, result: true })
  if (file === undefined) throw missing(container.record.id)
  recordExecEvent(engine.paths.data, container.record, 'exec_start', id, wishes.command)
  const keys = detachKeys === '' ? [] : ['--detach-keys', detachKeys]
  const args = ['--container', container.directory, '--exec', file, ...keys]
  return new ExecProcess(engine.native().program, args, {
    stdin: wishes.stdin && !detach,
    stdout: attach.stdout && !detach,
    // Of a terminal it would be what the native program says to people.
    stderr: attach.stderr && !detach && !wishes.tty,
  })
}

/** What kept it from running, which is its end. */
function failure(exec: RecordedExec, report: FailedReport): LighterError {
  const error = failureError(report)
  const isUnfound = error.code === 'command-not-found'
  recordExecFailure(exec, isUnfound ? COMMAND_NOT_FOUND : COMMAND_NOT_EXECUTABLE)
  return new LighterError(error.code, asOfRuntime(error.message), { cause: error })
}

/** What Docker's daemon says of a directory after its runtime's own words. */
const OF_DIRECTORY = ': permission denied'

/** Docker passes its runtime's words on with their kind, of which it knows nothing. */
function asOfRuntime(sentence: string): string {
  if (!sentence.startsWith('OCI runtime exec failed: ')) return sentence
  return sentence.endsWith(`is a directory${OF_DIRECTORY}`)
    ? `${sentence.slice(0, -OF_DIRECTORY.length)}: unknown${OF_DIRECTORY}`
    : `${sentence}: unknown`
}

/** A process that has not ended was left by its client's keys. */
async function noteDetaching({ engine }: Call, exec: RecordedExec): Promise<void> {
  const { container, id } = exec
  if ((await execState(exec)).status === 'running') {
    recordContainerEvent(engine.paths.data, container.record, 'exec_detach', { execID: id })
  }
}
