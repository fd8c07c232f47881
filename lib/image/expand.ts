import { type Duplex, PassThrough, Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { findProgram } from '../host/programs.ts'

const MAGIC: readonly [name: string, bytes: number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
]
const LONGEST = 6
const BLOCK = 512
/** An archive says how much memory has to be had for it, up to 4 GiB; `xz -9` makes such as need 65 MiB. */
const XZ_DEFAULTS = '--memlimit-decompress=512MiB'

/**
 * The uncompressed stream of one that may be compressed with gzip, zstd, bzip2 or xz. The last two need the host's program of that
 * name. Throws `host-setup` without it.
 */
export async function expandArchive(input: Readable): Promise<Readable> {
  const { head, whole } = await peek(input, LONGEST)
  const name = nameOf(head)
  if (name === undefined) return whole
  if (name === 'gzip') return through(whole, createGunzip())
  if (name === 'zstd') return through(whole, createZstdDecompress())
  return expandByProgram(whole, name)
}

/** What needs a program is expanded by it; all else is the same stream, from its beginning. Throws as `expandArchive`. */
export async function expandForeign(input: Readable): Promise<Readable> {
  const name = nameOf(await lookAhead(input, LONGEST))
  return name === 'bzip2' || name === 'xz' ? expandByProgram(input, name) : input
}

const nameOf = (head: Buffer): string | undefined =>
  MAGIC.find(([, bytes]) => bytes.every((byte, index) => head[index] === byte))?.[0]

/** Whether a stream that begins so needs a program to be expanded. */
export const isForeign = (head: Buffer): boolean => ['bzip2', 'xz'].includes(nameOf(head) ?? '')

/** The first bytes of a stream, which stay in it; fewer where it has no more, or fails. */
async function lookAhead(input: Readable, wanted: number): Promise<Buffer> {
  for (;;) {
    const head = input.read(wanted) as Buffer | null
    if (head) {
      input.unshift(head)
      return head
    }
    if (input.readableEnded || input.destroyed) return Buffer.alloc(0)
    await new Promise<void>((resolve) => {
      const events = ['readable', 'end', 'close', 'error'] as const
      const done = (): void => {
        for (const event of events) input.off(event, done)
        resolve()
      }
      for (const event of events) input.on(event, done)
    })
  }
}

/** The same stream, once its first block is known to be one of an archive, or the end of one. Throws `bad-input`. */
export async function checkArchive(input: Readable): Promise<Readable> {
  const { head, whole } = await peek(input, BLOCK)
  const block = head.subarray(0, BLOCK)
  if (block.length === BLOCK && !isHeader(block) && block.some((byte) => byte !== 0)) {
    input.destroy()
    throw new LighterError('bad-input', 'archive/tar: invalid tar header')
  }
  return whole
}

/** Its checksum is the sum of its bytes, with blanks in its own place; old programs took the bytes as signed. */
function isHeader(block: Buffer): boolean {
  const written = Number.parseInt(block.toString('latin1', 148, 156).replace(/[ \0]/g, ''), 8)
  let unsigned = 0
  let signed = 0
  for (let index = 0; index < BLOCK; index++) {
    const own = index >= 148 && index < 156
    unsigned += own ? 32 : block.readUInt8(index)
    signed += own ? 32 : block.readInt8(index)
  }
  return written === unsigned || written === signed
}

async function peek(input: Readable, wanted: number): Promise<{ head: Buffer; whole: Readable }> {
  const chunks: Buffer[] = []
  let size = 0
  const iterator = input[Symbol.asyncIterator]()
  while (size < wanted) {
    const next = await iterator.next()
    if (next.done) break
    const chunk = Buffer.from(next.value as Uint8Array)
    chunks.push(chunk)
    size += chunk.length
  }
  const head = Buffer.concat(chunks)
  const rest = async function* (): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      yield next.value as Buffer
    }
  }
  return { head, whole: Readable.from(rest(), { objectMode: false }) }
}

function through(input: Readable, decoder: Duplex): Readable {
  input.on('error', (error) => decoder.destroy(error))
  decoder.on('error', () => input.destroy())
  const result = Readable.from(decoded(input.pipe(decoder)), { objectMode: false })
  return result
}

async function* decoded(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer
  } catch (error) {
    throw new LighterError('bad-input', 'unexpected EOF', { cause: error })
  }
}

/** With the host's program of that name. The stream fails where it does; it ends the program where nobody reads any more. */
function expandByProgram(input: Readable, name: string): Readable {
  const program = findProgram(name)
  if (!program) {
    throw new LighterError(
      'host-setup',
      `The archive is compressed with ${name}, which is not installed`,
    )
  }
  const child = lazyChildProcess().spawn(program, ['-d', '-c', '-q'], {
    env: { XZ_DEFAULTS, ...process.env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const result = new PassThrough()
  const fail = (): unknown => result.destroy(new LighterError('bad-input', 'unexpected EOF'))
  child.on('error', fail)
  child.on('close', (code) => (code === 0 ? result.end() : fail()))
  child.stdin.on('error', () => undefined)
  input.on('error', () => child.kill())
  result.on('close', () => {
    input.unpipe(child.stdin)
    child.kill()
  })
  input.pipe(child.stdin)
  child.stdout.pipe(result, { end: false })
  return result
}
