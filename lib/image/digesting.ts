import { Transform, type TransformCallback } from 'node:stream'
import type { Digest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'

/** Hands on what passes and makes its digest. */
export class Digesting extends Transform {
  readonly #hash = lazyCrypto().createHash('sha256')
  size = 0

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback) {
    this.#hash.update(chunk)
    this.size += chunk.length
    done(null, chunk)
  }

  digest(): Digest {
    return `sha256:${this.#hash.digest('hex')}` as Digest
  }
}
