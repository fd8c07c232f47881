import type { HeaderData } from 'tar'
import { isErrno, LighterError } from '../core/errors.ts'
import type { Digest } from '../core/ids.ts'
import { lazyCrypto } from '../core/lazy.ts'
import { streamOf } from '../fs/beneath.ts'

/** A member of an archive: a directory, a small document, or a file that has the digest as its name. Usually everybody may read it. */
export type ArchiveMember =
  | { name: string; kind: 'directory'; mode?: number }
  | { name: string; kind: 'document'; bytes: Buffer; mode?: number }
  | { name: string; kind: 'blob'; open(): number; digest: Digest; size: number }

const BLOCK = 512
const FILE_MODE = 0o644
const DIRECTORY_MODE = 0o755

/**
 * The bytes of an archive with these members, in their order: the same ones whenever and wherever it is made. Throws
 * `damaged-image` when the bytes of a blob are not those of its digest.
 */
export async function* archiveBytes(members: readonly ArchiveMember[]): AsyncGenerator<Buffer> {
  const tar = await import('tar')
  for (const member of members) {
    const size = sizeOf(member)
    yield* encodeHeader(tar, headerOf(member, size))
    if (member.kind === 'document') yield member.bytes
    if (member.kind === 'blob') yield* blobBytes(member)
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)
  }
  yield Buffer.alloc(2 * BLOCK)
}

function sizeOf(member: ArchiveMember): number {
  if (member.kind === 'directory') return 0
  return member.kind === 'document' ? member.bytes.length : member.size
}

function headerOf(member: ArchiveMember, size: number): HeaderData & { path: string } {
  const isDirectory = member.kind === 'directory'
  const mode = 'mode' in member ? member.mode : undefined
  return {
    path: member.name,
    type: isDirectory ? 'Directory' : 'File',
    mode: mode ?? (isDirectory ? DIRECTORY_MODE : FILE_MODE),
    uid: 0,
    gid: 0,
    size,
    mtime: new Date(0),
  }
}

/** The header, and before it what it has no room for. */
function* encodeHeader(
  { Header, Pax }: typeof import('tar'),
  data: HeaderData & { path: string },
): Generator<Buffer> {
  const block = Buffer.alloc(BLOCK)
  const isTooLong = new Header(data).encode(block, 0)
  if (isTooLong) yield new Pax({ path: data.path }).encode()
  yield block
}

async function* blobBytes({
  open,
  digest,
  size,
}: Extract<ArchiveMember, { kind: 'blob' }>): AsyncGenerator<Buffer> {
  const hash = lazyCrypto().createHash('sha256')
  let left = size
  try {
    for await (const chunk of streamOf(open(), { highWaterMark: 1024 * 1024 })) {
      left -= chunk.length
      if (left < 0) break
      hash.update(chunk)
      yield chunk
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EIO')) throw damagedBlob(digest, error)
    throw error
  }
  if (left !== 0 || `sha256:${hash.digest('hex')}` !== digest) throw damagedBlob(digest)
}

/** The error for a stored blob whose bytes are not those of its digest. */
export const damagedBlob = (digest: Digest, cause?: unknown): LighterError =>
  new LighterError('damaged-image', `blob ${digest} is damaged: pull or load the image again`, {
    cause,
  })
