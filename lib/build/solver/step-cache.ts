import type { Digest } from '../../core/ids.ts'
import { readStep, type StepRecord, touchStep, writeStep } from '../../store/steps.ts'
import type { ImportedCache } from '../export/cache-entry.ts'
import type { Step } from '../graph.ts'
import type { BuildSession } from '../session.ts'
import type { MadeLayer } from './together.ts'

/** What a step is found again by. */
type Name = Pick<StepRecord, 'key' | 'parents'>

/** What is known of steps that were done: here, and in the caches that the build was given. */
export class StepCache {
  readonly #session: BuildSession
  readonly #imports: readonly ImportedCache[]
  readonly #epoch: number | undefined

  /** `epoch`: seconds since 1970 at which all steps were done; `undefined`: when they are. */
  constructor(session: BuildSession, imports: readonly ImportedCache[], epoch: number | undefined) {
    this.#session = session
    this.#imports = imports
    this.#epoch = epoch
  }

  get #data(): string {
    return this.#session.engine.paths.data
  }

  /** A layer that is here, or that can be had. */
  find(step: Step, name: Name): Pick<MadeLayer, 'diffId' | 'createdAt'> | undefined {
    const known = readStep(this.#data, name.key)
    if (known && this.keep(known.diffId)) {
      touchStep(this.#data, name.key)
      return known
    }
    return this.#import(step, name)
  }

  /** Keeps a layer for the build; `false`: it is gone, and cannot be had. */
  keep(diffId: Digest): boolean {
    this.#session.hold([diffId])
    return this.#session.isKnown(diffId)
  }

  #import(step: Step, name: Name): Pick<MadeLayer, 'diffId' | 'createdAt'> | undefined {
    for (const cache of this.#imports) {
      const found = cache.lookup(name.key)
      const last = found?.layers.at(-1)
      if (!found || !last) continue
      for (const { diffId, blob, ensure } of found.layers)
        this.#session.addOrigin(diffId, { blob, fetch: (signal) => ensure(signal) })
      const { diffId } = last
      const createdAt = (found.createdAt ?? new Date()).toISOString()
      this.#write(step, { ...name, diffId, createdAt, size: last.blob.size })
      return { diffId, createdAt }
    }
    return undefined
  }

  /** What was made now is found from now on. */
  remember(
    step: Step,
    name: Name,
    { diffId, size, steady }: { diffId: Digest; size: number; steady: boolean },
  ): MadeLayer {
    const time = this.#epoch === undefined ? new Date() : new Date(this.#epoch * 1000)
    const createdAt = time.toISOString()
    this.#session.syncLater(diffId)
    // What changed while it was copied is nobody's to find again.
    if (steady) this.#write(step, { ...name, diffId, createdAt, size })
    return { diffId, createdAt, steady }
  }

  #write({ name }: Step, record: Omit<StepRecord, 'description'>): void {
    writeStep(this.#data, { ...record, description: name.replace(/^\[[^\]]*\] /, '') })
  }
}
