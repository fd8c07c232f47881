import type { Readable } from 'node:stream'
import type { Engine } from '../engine.ts'
import { openNativeOutput } from '../runtime/checked-output.ts'
import type { Container } from './catalog.ts'
import { planView } from './view.ts'

/** One path that a container changed in its root filesystem. */
export interface Change {
  kind: 'changed' | 'added' | 'deleted'
  path: string
}

/** What a container changed, some at a time, in the order of their paths. Throws what kept the look at its files from beginning. */
export async function openChanges(
  engine: Engine,
  container: Container,
  signal: AbortSignal,
): Promise<AsyncGenerator<Change[]>> {
  const view = await planView(engine, container)
  return readChanges(
    await openNativeOutput(engine.native().program, ['diff', '--null'], view, signal),
  )
}

const KINDS: Readonly<Record<string, Change['kind']>> = { C: 'changed', A: 'added', D: 'deleted' }

/** Lines like `A /etc/x`, each with a NUL behind it. */
async function* readChanges(output: Readable): AsyncGenerator<Change[]> {
  let rest = Buffer.alloc(0)
  for await (const chunk of output as AsyncIterable<Buffer>) {
    const bytes = Buffer.concat([rest, chunk])
    const end = bytes.lastIndexOf(0) + 1
    rest = Buffer.from(bytes.subarray(end))
    const lines = bytes.subarray(0, end).toString('utf8').split('\0').slice(0, -1)
    yield lines.map((line) => ({ kind: KINDS[line[0] ?? ''] ?? 'changed', path: line.slice(2) }))
  }
}
