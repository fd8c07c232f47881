import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { spaceError } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import { openHold } from '../../image/hold.ts'
import { copyIntoTree } from '../../runtime/tree.ts'
import { removeTrees } from '../../runtime/userns.ts'
import type { FileTree } from '../files.ts'
import { sealLayer } from '../layers.ts'
import { openLayers } from './layers.ts'

const NEVER = new AbortController().signal

/** An archive whose files are here until it is released. */
export interface OpenedArchive {
  tree: FileTree
  release(): Promise<void>
}

/**
 * Unpacks an archive into a layer of the store: its files keep their owners. Nothing of it is found outside, and what was begun is
 * gone when it fails. Throws `build`, `no-space`, `id-range`.
 */
export async function openArchive(
  engine: Engine,
  archive: Readable | string,
  signal: AbortSignal = NEVER,
): Promise<OpenedArchive> {
  const { data } = engine.paths
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const draft = makeDraft(data, ownIdentity())
  const hold = openHold(data)
  try {
    const file = typeof archive === 'string' ? archive : join(draft, 'archive')
    if (typeof archive !== 'string') await keep(archive, file, signal)
    const upper = join(draft, 'upper')
    mkdirSync(upper, { mode: 0o755 })
    const operations = [{ op: 'unpack', archive: file, to: '/' }] as const
    await copyIntoTree(namespace, { lower: [], upper, operations }, signal).catch((error) =>
      explain(error, file),
    )
    rmSync(join(draft, 'archive'), { force: true })
    const { diffId } = await sealLayer(engine, draft, [], {
      placeholders: [],
      epoch: undefined,
      onDigest: (digest) => hold.add([], [digest]),
      signal,
    })
    return { tree: openLayers(engine, [diffId]), release: async () => hold[Symbol.dispose]() }
  } catch (error) {
    hold[Symbol.dispose]()
    throw error
  } finally {
    await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}

/** Archives are read from a file, from their beginning. */
async function keep(archive: Readable, path: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(archive, createWriteStream(path, { mode: 0o600 }), { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw spaceError(error, path)
  }
}

/** What an archive has wrong is the matter of whoever gave it. */
function explain(error: unknown, file: string): never {
  if (error instanceof LighterError && error.code === 'bad-input') {
    const message = `failed to read context: ${error.message.replaceAll(file, 'the file')}`
    throw new DockerfileError(message, undefined, { cause: error })
  }
  throw error
}
