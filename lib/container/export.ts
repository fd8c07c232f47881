import { closeSync, constants, lstatSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { randomBelow } from '../core/random.ts'
import type { Engine } from '../engine.ts'
import { errnoText } from '../fs/errno.ts'
import { spaceError } from '../fs/replace.ts'
import { viewArguments } from '../runtime/view.ts'
import type { Container } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { userMap } from './user-map.ts'
import { planView } from './view.ts'

const STDOUT = 1
const MAX_NUMBER = 2 ** 32

/**
 * Writes the root filesystem as an archive to a file, which appears when it is whole, or to standard output. Mounts and
 * volumes are not in it.
 */
export async function exportContainer(
  engine: Engine,
  container: Container,
  file: string | undefined,
): Promise<void> {
  const { moved } = userMap(container.record.host.namespaces?.user, engine.idMap())
  const view = await planView(engine, container, { onDisk: moved })
  if (file === undefined) {
    await runExport(engine, viewArguments(view), STDOUT)
    recordContainerEvent(engine.paths.data, container.record, 'export')
    return
  }
  // As Docker's client calls it, because its errors name it; nothing of the path is resolved.
  const place = dirname(`${file}_`).replace(/\/$/, '')
  const draft = `${place}/.docker_temp_${randomBelow(MAX_NUMBER)}`
  const fd = openDraft(draft)
  try {
    await runExport(engine, viewArguments(view), fd)
    renameDraft(draft, file)
    recordContainerEvent(engine.paths.data, container.record, 'export')
  } finally {
    closeSync(fd)
    rmSync(draft, { force: true })
  }
}

function openDraft(draft: string): number {
  try {
    return openSync(draft, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  } catch (error) {
    throw new LighterError('usage', `open ${draft}: ${errnoText(error)}`, { cause: error })
  }
}

/** Go renames nothing to where a directory is. */
function renameDraft(draft: string, file: string): void {
  if (lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new LighterError('usage', `rename ${draft} ${file}: file exists`)
  }
  try {
    renameSync(draft, file)
  } catch (error) {
    throw spaceError(error, file)
  }
}

async function runExport(engine: Engine, view: string[], output: number): Promise<void> {
  const child = lazyChildProcess().spawn(engine.native().program, ['export', ...view], {
    stdio: ['ignore', output, 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(0, 4096)
  })
  const how = await new Promise<number | string | null>((done, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => done(code ?? signal))
  })
  // Who reads may have had enough.
  if (how === 0 || how === 'SIGPIPE') return
  throw new LighterError('bad-input', said.trim() || 'the export was interrupted')
}
