import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../../core/ids.ts'
import { type CopyRequest, copyAndSeal } from '../../runtime/tree.ts'
import { treesOf } from '../layer-trees.ts'
import type { BuildSession } from '../session.ts'

export interface SealContext {
  session: BuildSession
  base: readonly Digest[]
  /** Seconds since 1970 that files may not be newer than. */
  epoch: number | undefined
  /** An output will want the layer's archive: it is made while the tree is read anyway. */
  archived: boolean
  /** A layer that is here, held by the session: what the step made the last time. */
  expected: Digest | undefined
}

interface SealedStep {
  diffId: Digest
  size: number
}

/** Makes a layer of what a step wrote into `directory/upper`, and keeps it for the build. */
export async function sealStep(
  context: SealContext,
  { directory, placeholders }: { directory: string; placeholders: readonly string[] },
): Promise<SealedStep> {
  const { session, base, epoch } = context
  const { sealLayer } = await import('../layers.ts')
  const archive = archiveIn(context, directory)
  const { diffId, bytes } = await sealLayer(session.engine, directory, base, {
    placeholders,
    epoch,
    archive,
    // Before it has its name.
    onDigest: (digest) => session.hold([digest]),
    signal: session.signal,
  })
  return keep(context, { diffId, size: bytes }, archive)
}

/** Copies files, and makes a layer of them in one go. What is here already, with all its bytes, is not written again. */
export async function copyStep(
  context: SealContext,
  operations: CopyRequest['operations'],
): Promise<SealedStep> {
  const { session, base, epoch, expected: expect } = context
  const { engine, signal } = session
  const directory = await session.makeDirectory()
  const upper = join(directory, 'upper')
  await mkdir(upper, { mode: 0o755 })
  const archive = archiveIn(context, directory)
  const sealed = await copyAndSeal(
    { program: engine.native().program, idMap: engine.idMap() },
    { lower: treesOf(engine, base), upper, operations },
    { epoch, archive, expect, signal },
  )
  if (sealed.isExpected && expect !== undefined) {
    if (session.isHere(expect)) return { diffId: expect, size: sealed.bytes }
    // A repair has removed it meanwhile.
    return await copyStep({ ...context, expected: undefined }, operations)
  }
  const { keepSealed } = await import('../layers.ts')
  const { diffId, bytes } = await keepSealed(engine, directory, sealed, (digest) =>
    session.hold([digest]),
  )
  return keep(context, { diffId, size: bytes }, archive)
}

const archiveIn = ({ archived }: SealContext, directory: string): string | undefined =>
  archived ? join(directory, 'layer.tar') : undefined

function keep({ session }: SealContext, step: SealedStep, archive: string | undefined): SealedStep {
  if (archive !== undefined) session.archives.set(step.diffId, archive)
  return step
}
