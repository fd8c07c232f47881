import type { Digest } from '../core/ids.ts'
import type { Engine } from '../engine.ts'
import { isSquashed } from '../image/layer-kind.ts'
import { layerName } from '../store/layers.ts'
import { layerTree } from '../store/shared.ts'

/** Directories of layers, the topmost first, each once. */
export const treesOf = (engine: Engine, layers: readonly Digest[]): string[] => [
  ...new Set(
    layers
      .map((diffId) => layerTree(engine.stores, layerName(diffId, isSquashed(engine))))
      .reverse(),
  ),
]
