import { LighterError } from '../../lib/core/errors.ts'
import { CUT_OFF, faultOf, NO_HEADER } from '../../lib/image/archive-reader.ts'

/** A file of an archive, in memory. */
export interface ArchivedFile {
  name: string
  bytes: Buffer
}

/** The error for what cannot be an archive. */
export const badArchive = (reason: string): LighterError => new LighterError('usage', reason)

const BLOCK = 512
/** What the library would expand by itself: archives of contexts are plain. */
const COMPRESSED = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
]

/**
 * The regular files of a tar archive in their order, as Go's reader finds them: it may end anywhere behind the bytes of a file, as those
 * of Docker's client do. Throws `usage`.
 */
export async function readTar(archive: Buffer): Promise<ArchivedFile[]> {
  if (COMPRESSED.some((magic) => magic.every((byte, at) => archive[at] === byte))) {
    throw badArchive(NO_HEADER)
  }
  // Of so little the library says something else.
  if (archive.length > 0 && archive.length < BLOCK) throw badArchive(CUT_OFF)
  const { Parser } = await import('tar')
  const parser = new Parser()
  const files: ArchivedFile[] = []
  let fault: string | undefined
  let ended = false
  /** Bytes of the last member that are not there. */
  let left: number | undefined
  parser.on('eof', () => {
    ended = true
  })
  parser.on('warn', (code, message) => {
    if (!ended) fault ??= faultOf(code, message)
  })
  parser.on('entry', (entry) => {
    const chunks: Buffer[] = []
    left = entry.size
    entry.on('data', (chunk: Buffer) => {
      left = (left ?? 0) - chunk.length
      chunks.push(chunk)
      if (left === 0) keep()
    })
    const keep = () => {
      const isFile = entry.type === 'File' || entry.type === 'OldFile'
      if (isFile) files.push({ name: entry.path, bytes: Buffer.concat(chunks) })
    }
    if (left === 0) keep()
  })
  try {
    parser.write(archive)
    if (archive.length > 0) parser.end()
  } catch {
    // The library throws where a size makes no sense.
    fault ??= NO_HEADER
  }
  const isWhole = fault === CUT_OFF && left === 0
  if (fault !== undefined && !isWhole) throw badArchive(fault)
  return files
}
