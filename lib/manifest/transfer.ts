import { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { lazyCrypto } from '../core/lazy.ts'
import type { Descriptor } from '../oci/image.ts'
import type { Reference } from '../oci/reference.ts'
import type { OwnRepository } from '../registry/own-repository.ts'
import type { PushTarget } from '../registry/upload.ts'

export interface Transfer {
  /** Where the blobs come from. */
  from: Reference
  /** Asked for when the registry does not take a blob over by itself. */
  source(): Promise<OwnRepository>
  target: PushTarget
  /** The registry that has the source has the target, too. */
  sameRegistry: boolean
}

/** Makes a blob of one repository be in another, without keeping anything here. Throws `digest-mismatch`, `registry-…`. */
export async function transferBlob(
  { from, source, target, sameRegistry }: Transfer,
  blob: Descriptor,
): Promise<void> {
  const sources = sameRegistry ? [from.repository] : []
  if ((await target.mountBlob(blob.digest, sources)) !== undefined) return
  if (await target.hasBlob(blob.digest)) return
  const bytes = new BlobReader(await source(), blob)
  try {
    await target.uploadBlob(blob, {
      open: (from, end) => Readable.from(bytes.read(from, end), { objectMode: false }),
      onSent: () => undefined,
      signal: bytes.failed,
    })
  } catch (error) {
    // What is wrong with the source matters more than that the upload broke off.
    throw bytes.failure ?? error
  } finally {
    bytes.close()
  }
}

/** A blob read piece by piece, over one answer as long as the pieces follow each other. Its last bytes come when its digest is right. */
class BlobReader {
  /** What is wrong with the blob, and stays so. */
  failure: LighterError | undefined
  readonly #source: OwnRepository
  readonly #blob: Descriptor
  readonly #hash = lazyCrypto().createHash('sha256')
  /** So much has been hashed; pieces that are read again are not. */
  #hashed = 0
  #position = 0
  #rest: Buffer = Buffer.alloc(0)
  #stream: Readable | undefined
  #chunks: AsyncIterator<Buffer> | undefined
  readonly #stop = new AbortController()

  constructor(source: OwnRepository, blob: Descriptor) {
    this.#source = source
    this.#blob = blob
  }

  /** Aborted with the failure. */
  get failed(): AbortSignal {
    return this.#stop.signal
  }

  async *read(from: number, end: number): AsyncGenerator<Buffer> {
    try {
      if (this.failure) throw this.failure
      if (!this.#chunks || from !== this.#position) await this.#seek(from)
      while (this.#position < end) {
        const chunk = await this.#next(end - this.#position)
        this.#verify(chunk)
        this.#position += chunk.length
        yield chunk
      }
    } catch (error) {
      this.close()
      if (error instanceof LighterError && error.code !== 'registry-unreachable') {
        this.failure = error
        this.#stop.abort()
      }
      throw error
    }
  }

  close(): void {
    this.#stream?.destroy()
    this.#chunks = undefined
  }

  async #seek(from: number): Promise<void> {
    this.close()
    const { offset, response } = await this.#source.openBlob(this.#blob.digest, from)
    if (offset > from) {
      response.body.destroy()
      throw new LighterError(
        'registry-protocol',
        `the registry skipped a part of ${this.#blob.digest}`,
      )
    }
    this.#stream = response.body
    this.#chunks = response.body[Symbol.asyncIterator]()
    this.#rest = Buffer.alloc(0)
    this.#position = offset
    while (this.#position < from) this.#position += (await this.#next(from - this.#position)).length
  }

  /** The next bytes, at most so many. */
  async #next(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const { value, done } = (await this.#chunks?.next()) ?? { value: undefined, done: true }
      if (done) throw this.#mismatch('is shorter than the manifest says')
      this.#rest = value
    }
    const chunk = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(chunk.length)
    return chunk
  }

  #verify(chunk: Buffer): void {
    const fresh = this.#position + chunk.length - this.#hashed
    if (fresh <= 0) return
    this.#hash.update(chunk.subarray(chunk.length - fresh))
    this.#hashed += fresh
    if (this.#hashed < this.#blob.size) return
    if (`sha256:${this.#hash.digest('hex')}` !== this.#blob.digest) {
      throw this.#mismatch('does not match its digest')
    }
  }

  #mismatch(what: string): LighterError {
    return new LighterError('digest-mismatch', `blob ${this.#blob.digest} ${what}`)
  }
}
