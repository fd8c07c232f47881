import { LighterError } from '../../core/errors.ts'
import type { Digest } from '../../core/ids.ts'
import type { Engine } from '../../engine.ts'
import { writeInline } from '../export/cache/document.ts'
import { cacheTitle, checkCacheSpec, importTitle, isKnownKind } from '../export/cache/spec.ts'
import type { CacheEntry, ImportedCache } from '../export/cache-entry.ts'
import { aroundStep } from '../export/step.ts'
import type { CacheSpec } from '../options.ts'
import type { BuildProgress } from '../progress.ts'
import type { BuiltImage } from '../result.ts'

/** What of a cache is written where: `--cache-to`. */
export interface CacheExport {
  cacheTo: readonly CacheSpec[]
  entries: readonly CacheEntry[]
  images: readonly BuiltImage[]
  progress: BuildProgress
  signal: AbortSignal
}

/** Throws for caches that nobody could read or write, before anything is built. */
export function checkCaches({
  cacheFrom,
  cacheTo,
}: Record<'cacheFrom' | 'cacheTo', readonly CacheSpec[]>): void {
  // One of a kind that nobody knows is told of when it would be read, as by BuildKit.
  for (const spec of cacheFrom) if (isKnownKind(spec, 'from')) checkCacheSpec(spec, 'from')
  for (const spec of cacheTo) checkCacheSpec(spec, 'to')
}

/** Reads the lists of caches. One that cannot be read is told of, and the build goes on without it. */
export async function importAll(
  engine: Engine,
  specs: readonly CacheSpec[],
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<ImportedCache[]> {
  const { importCache } = await import('../export/cache/read.ts')
  const read = await Promise.all(
    specs.map(async (spec) => {
      try {
        return await aroundStep(importTitle(spec), progress, () =>
          importCache(engine, spec, signal).catch(missing(spec)),
        )
      } catch (error) {
        if (signal.aborted || !(error instanceof LighterError)) throw error
        return undefined
      }
    }),
  )
  return read.flatMap((cache) => cache ?? [])
}

/** A cache that a registry does not have, in BuildKit's words. */
const missing =
  ({ attributes }: CacheSpec) =>
  (error: unknown): never => {
    if (!(error instanceof LighterError) || error.code !== 'registry-not-found') throw error
    const message = `failed to configure registry cache importer: ${attributes.ref}: not found`
    throw new LighterError(error.code, message, { cause: error })
  }

/** What each image keeps in its configuration for later builds, where that was asked for. */
export function inlineOf(
  cacheTo: readonly CacheSpec[],
  entries: readonly CacheEntry[],
  images: readonly BuiltImage[],
): ((index: number) => string | undefined) | undefined {
  if (!cacheTo.some(({ type }) => type === 'inline')) return undefined
  return (index) => writeInline(entries, images[index]?.layers ?? ([] as Digest[]))
}

/** Gives the steps of a build to those caches that are somewhere else than in the image. */
export async function exportAll(engine: Engine, request: CacheExport): Promise<void> {
  const { cacheTo, entries, images, progress, signal } = request
  const origins = images[0]?.origins ?? new Map()
  const { exportCache } = await import('../export/cache/write.ts')
  for (const spec of cacheTo) {
    if (spec.type === 'inline') continue
    await aroundStep(cacheTitle(spec), progress, (onStep) =>
      exportCache({ engine, onStep, signal }, spec, { entries, images, origins }),
    )
  }
}
