import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { spaceError } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import { publishBlob } from '../../image/compress.ts'
import { Digesting } from '../../image/digesting.ts'
import type { BlobHold } from '../../image/hold.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import { layerType } from '../../image/layer-types.ts'
import { packTree } from '../../runtime/tree.ts'
import { removeTrees } from '../../runtime/userns.ts'
import { layerName } from '../../store/layers.ts'
import { layerTree } from '../../store/shared.ts'
import type { WantedLayer } from './layers.ts'
import type { ExportContext } from './wishes.ts'

/**
 * Layers in which no file is younger than the epoch, as `rewrite-timestamp=true` wants it; those of the base stay. The new ones are in
 * the store as plain archives, without trees. Throws `no-space`.
 */
export async function rewriteLayers(
  { engine, onStep, signal }: ExportContext,
  layers: readonly WantedLayer[],
  epoch: Date,
  hold: BlobHold,
): Promise<WantedLayer[]> {
  const seconds = Math.floor(epoch.getTime() / 1000)
  const when = `${epoch.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
  const done = onStep(`rewriting layers with source-date-epoch ${seconds} (${when})`)
  const rewritten: WantedLayer[] = []
  for (const layer of layers)
    rewritten.push(layer.isBase ? layer : await rewriteLayer(engine, layer, seconds, hold, signal))
  done()
  return rewritten
}

async function rewriteLayer(
  engine: Engine,
  { diffId }: WantedLayer,
  seconds: number,
  hold: BlobHold,
  signal: AbortSignal,
): Promise<WantedLayer> {
  const { data } = engine.paths
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  const tree = layerTree(engine.stores, layerName(diffId, isSquashed(engine)))
  const draft = makeDraft(data, ownIdentity())
  const path = join(draft, 'layer')
  const digesting = new Digesting()
  try {
    await pipeline(
      packTree(namespace, tree, { latest: seconds, signal }),
      digesting,
      createWriteStream(path, { mode: 0o600 }),
    ).catch((error) => {
      throw spaceError(error, path)
    })
    const blob = {
      mediaType: layerType('uncompressed', true),
      digest: digesting.digest(),
      size: digesting.size,
    }
    hold.add([blob.digest], [blob.digest])
    publishBlob(data, path, blob)
    return { diffId: blob.digest, isBase: false, rewritten: true, plain: blob }
  } finally {
    await removeTrees(namespace, [draft]).catch(() => undefined)
  }
}
