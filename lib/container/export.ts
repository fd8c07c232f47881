import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import type { Engine } from '../engine.ts'
import { writeOutputFile } from '../fs/output-file.ts'
import { openNativeOutput } from '../runtime/checked-output.ts'
import { goneMeanwhile, type View, viewArguments } from '../runtime/view.ts'
import type { Container } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { userMap } from './user-map.ts'
import { planView } from './view.ts'

const STDOUT = 1

/**
 * Writes the root filesystem as an archive to a file, which appears when it is whole, or to standard output. Mounts and
 * volumes are not in it.
 */
export async function exportContainer(
  engine: Engine,
  container: Container,
  file: string | undefined,
): Promise<void> {
  const view = await planExport(engine, container)
  const write = (fd: number) => runExport(engine, view, fd)
  if (file === undefined) await write(STDOUT)
  else await writeOutputFile(file, write)
  recordContainerEvent(engine.paths.data, container.record, 'export')
}

/** Opens the same archive as a stream; `signal` ends it. Throws what kept it from beginning. */
export async function openExport(
  engine: Engine,
  container: Container,
  signal: AbortSignal,
): Promise<Readable> {
  const view = await planExport(engine, container)
  const archive = await openNativeOutput(engine.native().program, ['export'], view, signal)
  recordContainerEvent(engine.paths.data, container.record, 'export')
  return archive
}

async function planExport(engine: Engine, container: Container): Promise<View> {
  const { moved } = userMap(container.record.host.namespaces?.user, engine.idMap())
  return await planView(engine, container, { onDisk: moved })
}

async function runExport(engine: Engine, view: View, output: number): Promise<void> {
  const args = ['export', ...viewArguments(view)]
  const child = lazyChildProcess().spawn(engine.native().program, args, {
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
  if (how === 'SIGPIPE') return
  const gone = goneMeanwhile(view)
  if (gone) throw gone
  if (how === 0) return
  throw new LighterError('bad-input', said.trim() || 'the export was interrupted')
}
