import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { LighterError } from '../../core/errors.ts'
import { lazyChildProcess } from '../../core/lazy.ts'
import { spaceError, writeAll } from '../../fs/replace.ts'
import { archiveBytes } from '../../image/archive-writer.ts'
import type { UserNamespace } from '../../runtime/userns.ts'
import { type View, viewArguments } from '../../runtime/view.ts'

const BLOCK = 512
const SIZE = { from: 124, to: 136 }
const STDOUT = 1

/** The files of one platform, as they are to be reached. */
export interface FileSource {
  view: View
  /** Below the destination; `undefined`: the destination itself. */
  folder: string | undefined
  attestation: { name: string; bytes: Buffer } | undefined
}

/** Writes the files of each platform, and attestations of theirs, as one archive. Throws `bad-input` for what cannot be read. */
export async function writeTar(
  namespace: UserNamespace,
  sources: readonly FileSource[],
  fd: number,
): Promise<void> {
  const [only, ...others] = sources
  if (only && others.length === 0 && !only.attestation) {
    // The program writes to the file itself.
    await ending(spawn(namespace, exportArguments(only), fd))
    return
  }
  const bytes = Readable.from(joined(namespace, sources), { objectMode: false })
  if (fd === STDOUT) return await pipeline(bytes, process.stdout, { end: false })
  try {
    for await (const chunk of bytes) writeAll(fd, chunk as Buffer)
  } catch (error) {
    throw spaceError(error, 'the archive')
  }
}

async function* joined(
  namespace: UserNamespace,
  sources: readonly FileSource[],
): AsyncGenerator<Buffer> {
  for (const source of sources) {
    const child = spawn(namespace, exportArguments(source), 'pipe')
    const ended = ending(child)
    // Whoever stops reading before the end is told of it below.
    ended.catch(() => undefined)
    if (child.stdout) yield* withoutEnd(child.stdout)
    await ended
    const { attestation, folder } = source
    if (!attestation) continue
    const name = folder === undefined ? attestation.name : `${folder}/${attestation.name}`
    const member = { name, kind: 'document' as const, bytes: attestation.bytes }
    yield* withoutEnd(archiveBytes([member]))
  }
  yield Buffer.alloc(2 * BLOCK)
}

const exportArguments = ({ view, folder }: FileSource): string[] =>
  folder === undefined
    ? ['export', ...viewArguments(view)]
    : ['files', 'read', '--path', '/.', '--name', folder, ...viewArguments(view)]

function spawn({ program }: UserNamespace, args: string[], output: number | 'pipe') {
  return lazyChildProcess().spawn(program, args, { stdio: ['ignore', output, 'pipe'] })
}

async function ending(child: ReturnType<typeof spawn>): Promise<void> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = `${said}${chunk.toString('utf8')}`.slice(0, 4096)
  })
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  // Who reads may have had enough.
  if (code === 0 || signal === 'SIGPIPE') return
  throw new LighterError('bad-input', said.trim() || 'the export was interrupted')
}

/** An archive up to the zero blocks at its end, so that another one can follow. */
export async function* withoutEnd(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  /** Bytes of the present member that pass as they are. */
  let content = 0
  let ended = false
  for await (const chunk of archive) {
    if (ended) continue
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (at < rest.length) {
      const passing = Math.min(content, rest.length - at)
      at += passing
      content -= passing
      if (content > 0 || rest.length - at < BLOCK) break
      const header = rest.subarray(at, at + BLOCK)
      ended = header.every((byte) => byte === 0)
      if (ended) break
      content = BLOCK + padded(sizeOf(header))
    }
    if (at > 0) yield rest.subarray(0, at)
    rest = rest.subarray(at)
  }
}

const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

/** Octal digits, or for large numbers base 256 as GNU has it. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(SIZE.from, SIZE.to)
  if (((field[0] ?? 0) & 0x80) !== 0)
    return Number(BigInt(`0x${field.subarray(4).toString('hex')}`))
  return Number.parseInt(field.toString('latin1').replace(/[^0-7]/g, '') || '0', 8)
}
