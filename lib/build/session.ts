import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { type Digest, shortId } from '../core/ids.ts'
import { randomHex } from '../core/random.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { ownIdentity } from '../host/process.ts'
import { type BlobHold, openHold } from '../image/hold.ts'
import { isSquashed } from '../image/layer-kind.ts'
import type { Descriptor } from '../oci/image.ts'
import { removeTrees, syncLayers } from '../runtime/userns.ts'
import { layerPath } from '../store/layers.ts'
import { hasLayerAnywhere } from '../store/shared.ts'
import type { OnFetch } from './graph.ts'
import type { BuildMaterial } from './result.ts'

/** Makes a layer be in the store, tree and all. */
export type FetchLayer = (signal: AbortSignal, onFetch?: OnFetch) => Promise<void>

/** A layer that came from somewhere: its blob, and how to get it when it is not here. */
export interface LayerOrigin {
  blob: Descriptor
  fetch: FetchLayer
}

/**
 * What all steps of one build share: where they work, which layers removals beside it must leave alone, and where layers come from
 * that are not here yet. Its directory is garbage once this process is dead.
 */
export class BuildSession implements AsyncDisposable {
  readonly engine: Engine
  /** What a step that fails leaves becomes an image, to look into. */
  readonly keepsFailed: boolean
  readonly materials: BuildMaterial[] = []
  /** Files with the archives of layers that this build made, as long as they are here. */
  readonly archives = new Map<Digest, string>()
  readonly #abort = new AbortController()
  readonly #hold: BlobHold
  readonly #origins = new Map<Digest, LayerOrigin>()
  readonly #fetching = new Map<Digest, Promise<void>>()
  /** Directories of layers that are not synced yet. */
  readonly #unsynced = new Set<string>()
  readonly #endings: (() => Promise<void> | void)[] = []
  #directory: string | undefined

  constructor(engine: Engine, signal?: AbortSignal, keepsFailed = false) {
    this.engine = engine
    this.keepsFailed = keepsFailed
    this.#hold = openHold(engine.paths.data)
    signal?.addEventListener('abort', () => this.stop(signal.reason), { once: true })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Ends whatever is under way. */
  stop(reason?: unknown): void {
    this.#abort.abort(reason)
  }

  /** Keeps layers, and blobs, from removals beside this build. */
  hold(layers: readonly Digest[], blobs: readonly Digest[] = []): void {
    this.#hold.add(blobs, layers)
  }

  /** Tells where a layer comes from. */
  addOrigin(diffId: Digest, origin: LayerOrigin): void {
    if (!this.#origins.has(diffId)) this.#origins.set(diffId, origin)
  }

  /** Where layers came from, as far as they came from somewhere. */
  get origins(): ReadonlyMap<Digest, LayerOrigin> {
    return this.#origins
  }

  /** Whether a layer is here, or can be had. */
  isKnown(diffId: Digest): boolean {
    return this.isHere(diffId) || this.#origins.has(diffId)
  }

  isHere(diffId: Digest): boolean {
    return hasLayerAnywhere(this.engine.stores, diffId, isSquashed(this.engine))
  }

  /** Makes layers be here. Throws what keeps them from it. */
  async need(layers: readonly Digest[], onFetch?: OnFetch): Promise<void> {
    this.hold(layers)
    await Promise.all(layers.map((diffId) => this.#needOne(diffId, onFetch)))
  }

  async #needOne(diffId: Digest, onFetch: OnFetch | undefined): Promise<void> {
    if (this.isHere(diffId)) return
    const origin = this.#origins.get(diffId)
    if (!origin) {
      throw new LighterError('damaged-image', `layer ${shortId(diffId)} is not here any more`, {
        hint: 'Build again with --no-cache.',
      })
    }
    const fetching = this.#fetching.get(diffId) ?? origin.fetch(this.signal, onFetch)
    this.#fetching.set(diffId, fetching)
    await fetching
  }

  /** A new layer: written to the disk when the build is over. */
  syncLater(diffId: Digest): void {
    this.#unsynced.add(layerPath(this.engine.paths.data, diffId, isSquashed(this.engine)))
  }

  /** Called when the build is over. */
  atEnd(work: () => Promise<void> | void): void {
    this.#endings.push(work)
  }

  /** An empty directory for a step, on the file system of the store. */
  async makeDirectory(): Promise<string> {
    this.#directory ??= makeDraft(this.engine.paths.data, ownIdentity())
    const path = join(this.#directory, randomHex(8))
    await mkdir(path, { mode: 0o700 })
    return path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { program } = this.engine.native()
    const namespace = { program, idMap: this.engine.idMap() }
    syncLayers(namespace, [...this.#unsynced])
    if (this.#directory !== undefined) {
      await removeTrees(namespace, [this.#directory]).catch(() => undefined)
      rmSync(this.#directory, { recursive: true, force: true })
      // Whoever only builds clears up after builds that were killed, too.
      const { collectLeftovers } = await import('../image/leftovers.ts')
      await collectLeftovers(this.engine).catch(() => undefined)
    }
    for (const work of this.#endings) await work()
    this.#hold[Symbol.dispose]()
  }
}
