import { constants } from 'node:fs'
import { crc32, inflateRawSync } from 'node:zlib'
import { MAX_BYTES, tooLarge } from './limited.ts'
import { type ArchivedFile, badArchive } from './tar.ts'

const SIGNATURES = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50 } as const
const LOCAL_SIZE = 30
const ENTRY_SIZE = 46
const END_SIZE = 22
const MAX_COMMENT = 0xffff
/** Systems whose modes are those of files here: Unix and macOS. */
const WITH_MODES: ReadonlySet<number> = new Set([3, 19])
const STORED = 0
const DEFLATED = 8

interface Entry {
  name: string
  isRegular: boolean
  method: number
  sum: number
  packed: number
  size: number
  start: number
}

/** Whether bytes begin as a zip archive does. */
export const isZip = (bytes: Buffer): boolean =>
  bytes.length >= 4 && bytes.readUInt32LE(0) === SIGNATURES.local

/**
 * The regular files of a zip archive, in the order of its directory. Together they may have `MAX_BYTES`, whatever the archive says
 * of them. Throws `usage` with the words of Go's reader.
 */
export function* readZip(archive: Buffer): Generator<ArchivedFile> {
  let left = MAX_BYTES
  for (const entry of readEntries(archive)) {
    if (!entry.isRegular) continue
    const bytes = unpack(archive, entry, left)
    left -= bytes.length
    yield { name: entry.name, bytes }
  }
}

const notZip = () => badArchive('zip: not a valid zip file')

function* readEntries(archive: Buffer): Generator<Entry> {
  const end = findEnd(archive)
  const count = archive.readUInt16LE(end + 10)
  let at = archive.readUInt32LE(end + 16)
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_SIZE > end || archive.readUInt32LE(at) !== SIGNATURES.entry) throw notZip()
    const [name = 0, extra = 0, comment = 0] = [28, 30, 32].map((offset) =>
      archive.readUInt16LE(at + offset),
    )
    yield readEntry(archive.subarray(at, at + ENTRY_SIZE + name))
    at += ENTRY_SIZE + name + extra + comment
  }
}

/** The end says where the directory is; behind it there may be a comment. */
function findEnd(archive: Buffer): number {
  const last = archive.length - END_SIZE
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (archive.readUInt32LE(at) === SIGNATURES.end) return at
  }
  throw notZip()
}

function readEntry(bytes: Buffer): Entry {
  const name = bytes.toString('utf8', ENTRY_SIZE)
  const attributes = bytes.readUInt32LE(38)
  const type = (attributes >>> 16) & constants.S_IFMT
  const isPlain = WITH_MODES.has(bytes[5] ?? 0)
    ? type === constants.S_IFREG || type === 0
    : (attributes & 0x10) === 0
  return {
    name,
    isRegular: isPlain && !name.endsWith('/'),
    method: bytes.readUInt16LE(10),
    sum: bytes.readUInt32LE(16),
    packed: bytes.readUInt32LE(20),
    size: bytes.readUInt32LE(24),
    start: bytes.readUInt32LE(42),
  }
}

function unpack(archive: Buffer, entry: Entry, left: number): Buffer {
  const { start, packed, method, size, sum } = entry
  if (start + LOCAL_SIZE > archive.length) throw notZip()
  if (archive.readUInt32LE(start) !== SIGNATURES.local) throw notZip()
  const from =
    start + LOCAL_SIZE + archive.readUInt16LE(start + 26) + archive.readUInt16LE(start + 28)
  const bytes = archive.subarray(from, from + packed)
  if (bytes.length < packed) throw badArchive('unexpected EOF')
  if (method !== STORED && method !== DEFLATED) {
    throw badArchive('zip: unsupported compression algorithm')
  }
  const result = method === STORED ? bytes : inflate(bytes, left)
  if (result.length > left) throw tooLarge()
  if (result.length !== size || crc32(result) !== sum) throw badArchive('zip: checksum error')
  return result
}

function inflate(bytes: Buffer, left: number): Buffer {
  try {
    // None at all is no limit that it takes.
    return inflateRawSync(bytes, { maxOutputLength: Math.max(left, 1) })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge()
    throw badArchive('flate: corrupt input')
  }
}
