import { findContainer } from '../../lib/container/catalog.ts'
import { checkReady, prepareExec } from '../../lib/container/exec.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { handOver } from '../../lib/runtime/handover.ts'
import type { Context } from '../context.ts'
import { findDetachKeys } from '../detach-keys.ts'
import { terminalSize } from '../flags/create-request.ts'
import { readEnvironment } from '../flags/key-values.ts'
import type { Parsed } from '../parse.ts'
import { DAEMON } from '../report.ts'

/** `exec`: becomes a further process of a running container. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const [text = '', ...command] = parsed.operands
  const detach = parsed.bool('detach')
  const tty = parsed.bool('tty')
  const stdin = parsed.bool('interactive') && !detach
  const container = findContainer(engine.paths.data, text)
  if (stdin && tty && !process.stdin.isTTY) {
    throw new LighterError('usage', 'the input device is not a TTY')
  }
  checkReady(container, text)
  const detachKeys = await findDetachKeys(context, parsed, stdin && tty, 'escape')
  const workingDir = parsed.string('workdir') || undefined
  if (workingDir !== undefined && !workingDir.startsWith('/')) {
    context.warn('OCI runtime exec failed: exec failed: Cwd must be an absolute path')
    return 126
  }
  const args = prepareExec(engine.paths.data, container, {
    command,
    name: text,
    detach,
    stdin,
    tty,
    env: readEnvironment(parsed.list('env-file'), parsed.list('env'), process.env),
    user: parsed.string('user') || undefined,
    workingDir,
    privileged: parsed.bool('privileged'),
    detachKeys,
    consoleSize: terminalSize(),
    errorPrefix: detach ? DAEMON : '',
    gonePrefix: DAEMON,
  })
  handOver(engine.native().program, args)
}
