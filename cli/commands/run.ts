import { createContainer } from '../../lib/container/create.ts'
import { recordContainerEvent } from '../../lib/container/events.ts'
import { prepareStart, startArguments } from '../../lib/container/start.ts'
import { attachArguments, handOver } from '../../lib/runtime/handover.ts'
import type { Context } from '../context.ts'
import { findDetachKeys } from '../detach-keys.ts'
import { claimCidFile } from '../flags/cid-file.ts'
import { parseCreateRequest } from '../flags/create-request.ts'
import { obtainImage } from '../flags/obtain-image.ts'
import { warnAboutLimits } from '../flags/warnings.ts'
import type { Parsed } from '../parse.ts'
import { DAEMON } from '../report.ts'

/** `run`: makes a container and becomes its attached client, or only its starter with `-d`. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const detached = parsed.bool('detach')
  const request = await parseCreateRequest(parsed, detached, true)
  if (request.attach.stdin && request.tty && !process.stdin.isTTY) {
    context.warn('the input device is not a TTY')
    return 1
  }
  const detachKeys = detached
    ? undefined
    : await findDetachKeys(context, parsed, request.attach.stdin && request.tty)
  using cidFile = claimCidFile(request.cidFile, context.program)
  const { engine } = context
  const image = await obtainImage(context, parsed)
  const container = await createContainer(engine, image, request)
  warnAboutLimits(context, request, [...container.warnings, ...image.warnings])
  cidFile.write(container.record.id)
  const prepared = await prepareStart(engine, container).catch(async (error) => {
    if (request.autoRemove) {
      const { removeContainer } = await import('../../lib/container/remove.ts')
      // What started this is what the user should read.
      await removeContainer(engine, container, { force: true, volumes: true }).catch(
        () => undefined,
      )
    }
    const { startFailure } = await import('../start-failure.ts')
    throw startFailure(error)
  })
  // With no output attached, the id is the answer, as with -d.
  const idIsAnswer =
    !request.attach.stdout && !request.attach.stderr && request.log?.type !== 'passthrough'
  const errorPrefix = `${context.program}: ${DAEMON}`
  const attach = attachArguments({
    ...request.attach,
    detachKeys,
    sigProxy: parsed.bool('sig-proxy'),
    errorPrefix,
  })
  if (!detached) recordContainerEvent(engine.paths.data, container.record, 'attach')
  handOver(engine.native().program, [
    'run',
    ...startArguments(prepared),
    ...(detached
      ? ['--detach', '--print', container.record.id, '--error-prefix', errorPrefix]
      : [...attach, ...(idIsAnswer ? ['--print', container.record.id] : [])]),
    '--error-suffix',
    '.',
  ])
}
