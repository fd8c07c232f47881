import type { Digest } from '../../core/ids.ts'
import { inParallel } from '../../core/parallel.ts'
import type { Engine } from '../../engine.ts'
import type { PlainLayer } from '../../image/compress.ts'
import type { BlobHold } from '../../image/hold.ts'
import { findLayerBlobs, type LayerBlob } from '../../image/layer-blobs.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import { compressionOf } from '../../image/layer-types.ts'
import { packTree } from '../../runtime/tree.ts'
import { layerName } from '../../store/layers.ts'
import { hasBlobAnywhere, layerTree } from '../../store/shared.ts'
import type { LayerBlob as LayerOrigin } from '../result.ts'
import type { ExportContext, LayerWishes } from './wishes.ts'

/** What is not here yet comes from registries. */
const FETCHES = 3
/** A process has its compressor's thread beside it; more of them take each other's time. */
const PARALLEL = 2

/** A layer of an image that is put out, and the blob that it goes as. */
export interface OutputLayer {
  diffId: Digest
  blob: LayerBlob
  /** `rewrite-timestamp` made it of another one. */
  rewritten?: boolean
}

/** A layer as a build has it. */
export interface WantedLayer {
  diffId: Digest
  /** Its blob is taken as it is here, whatever wraps it, unless `force` says otherwise. */
  isBase: boolean
  /** Where it came from. */
  origin?: LayerOrigin | undefined
  /** A file with its archive, made by this build. */
  archive?: string | undefined
  rewritten?: boolean
  /** Its archive, where it has no tree to make it of. */
  plain?: LayerBlob
}

/**
 * Makes a blob of each layer be in the store, wrapped as wanted: as BuildKit, what is compressed already stays so unless `force` is
 * given, and layers of the base stay as they came. Held by `hold`. Throws `no-space`, `damaged-image`.
 */
export async function ensureLayerBlobs(
  { engine, signal }: ExportContext,
  layers: readonly WantedLayer[],
  wishes: LayerWishes,
  hold: BlobHold,
): Promise<OutputLayer[]> {
  const diffIds = layers.map(({ diffId }) => diffId)
  await inParallel(layers, FETCHES, ({ origin }) => fetchOrigin(engine, origin, signal))
  const own = diffIds.filter((_diffId, index) => !layers[index]?.origin)
  const known = findLayerBlobs(engine, own)
  for (const { diffId, origin } of layers) if (origin) known.set(diffId, [origin.blob])
  // Held first and looked at then: a removal beside us may have been faster.
  hold.add([...diffIds, ...[...known.values()].flat().map(({ digest }) => digest)], diffIds)
  const unique = new Map(layers.map((layer) => [layer.diffId, layer]))
  const made = await inParallel([...unique.values()], PARALLEL, async (layer) => {
    const blobs = (known.get(layer.diffId) ?? []).filter(({ digest, size }) =>
      hasBlobAnywhere(engine.stores, digest, size),
    )
    const blob = await ensureBlobOf(engine, layer, blobs, wishes, hold, signal)
    return [layer.diffId, blob] as const
  })
  const byDiffId = new Map(made)
  return layers.flatMap(({ diffId, rewritten }) => {
    const blob = byDiffId.get(diffId)
    return blob ? [{ diffId, blob, ...(rewritten ? { rewritten } : {}) }] : []
  })
}

async function fetchOrigin(
  { stores }: Engine,
  origin: LayerOrigin | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!origin) return
  const { digest, size } = origin.blob
  if (!hasBlobAnywhere(stores, digest, size)) await origin.fetch(signal)
}

async function ensureBlobOf(
  engine: Engine,
  { diffId, isBase, archive, plain: given }: WantedLayer,
  blobs: readonly LayerBlob[],
  wishes: LayerWishes,
  hold: BlobHold,
  signal: AbortSignal,
): Promise<LayerBlob> {
  const { compression, level, force } = wishes
  const fitting = blobs.find(({ mediaType }) => compressionOf(mediaType) === compression)
  const compressed = blobs.find(({ mediaType }) => compressionOf(mediaType) !== 'uncompressed')
  // What a registry has got already is sent there no second time.
  if (compression === 'any')
    return compressed ?? blobs[0] ?? given ?? (await ensurePlain(engine, diffId, archive, hold))
  // A blob does not say at which level it was made.
  const isLevelOpen = level === undefined || compression === 'uncompressed'
  if (fitting && (!force || isLevelOpen)) return fitting
  const asItIs = compressed ?? (isBase || compression === 'uncompressed' ? blobs[0] : undefined)
  if (asItIs && !force) return asItIs
  const known = given ?? blobs.find(({ digest }) => digest === diffId) ?? blobs[0]
  const { unwrapped, wrapLayer } = await import('../../image/compress.ts')
  const source = known ? unwrapped(engine, diffId, known) : packed(engine, diffId)
  return await wrapLayer(engine, source, { compression, level }, hold, signal)
}

/** A layer that was built here is a function of its tree. */
function packed(engine: Engine, diffId: Digest): PlainLayer {
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const tree = layerTree(engine.stores, layerName(diffId, isSquashed(engine)))
  return { diffId, open: () => packTree(namespace, tree) }
}

/** The archive of a layer that was built here, as a blob. */
async function ensurePlain(
  engine: Engine,
  diffId: Digest,
  archive: string | undefined,
  hold: BlobHold,
): Promise<LayerBlob> {
  hold.add([diffId], [diffId])
  const { ensureBlob } = await import('../layer-blob.ts')
  return await ensureBlob(engine, diffId, { archive })
}
