import { LighterError } from '../../lib/core/errors.ts'

/** A file of an archive, in memory. */
export interface ArchivedFile {
  name: string
  bytes: Buffer
}

const BLOCK = 512
const LARGEST = 0o77777777777
const FIELDS = { name: [0, 100], mode: [100, 8], size: [124, 12], sum: [148, 8] } as const
const PREFIX = [345, 155] as const

/** The error for what cannot be an archive. */
export const badArchive = (reason: string): LighterError => new LighterError('usage', reason)

/**
 * The regular files of a tar archive, one after the other, as Go's reader finds them: it may end anywhere behind the bytes of a
 * file, as those of Docker's client do. Throws `usage`.
 */
export function* readTar(archive: Buffer): Generator<ArchivedFile> {
  let longName: string | undefined
  for (let at = 0; at < archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.length < BLOCK) throw badArchive('unexpected EOF')
    if (header.every((byte) => byte === 0)) return
    checkSum(header)
    const size = numberOf(header, FIELDS.size)
    at += BLOCK
    const bytes = archive.subarray(at, at + size)
    if (bytes.length < size) throw badArchive('unexpected EOF')
    at += Math.ceil(size / BLOCK) * BLOCK
    const type = String.fromCharCode(header[156] ?? 0)
    if (type === 'x') longName = paxPath(bytes) ?? longName
    else if (type === 'L') longName = textOf(bytes)
    else if (type !== 'g' && type !== 'K') {
      const name = longName ?? nameOf(header)
      longName = undefined
      if (type === '0' || type === '\0') yield { name, bytes }
    }
  }
}

function checkSum(header: Buffer): void {
  const [start, length] = FIELDS.sum
  const sum = header.reduce((all, byte, at) => {
    return all + (at >= start && at < start + length ? 0x20 : byte)
  }, 0)
  if (sum !== numberOf(header, FIELDS.sum)) throw badArchive('archive/tar: invalid tar header')
}

function numberOf(header: Buffer, [start, length]: readonly [number, number]): number {
  const text = textOf(header.subarray(start, start + length)).trim()
  if (!/^[0-7]*$/.test(text)) throw badArchive('archive/tar: invalid tar header')
  return text === '' ? 0 : Number.parseInt(text, 8)
}

function nameOf(header: Buffer): string {
  const field = ([start, length]: readonly [number, number]) =>
    textOf(header.subarray(start, start + length))
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? field(PREFIX) : ''
  return prefix === '' ? field(FIELDS.name) : `${prefix}/${field(FIELDS.name)}`
}

/** The member `path` of records as `27 path=…\n`, which count their own bytes. */
function paxPath(bytes: Buffer): string | undefined {
  let found: string | undefined
  for (let at = 0; at < bytes.length; ) {
    const digits = /^\d{1,9} /.exec(bytes.toString('latin1', at, at + 10))?.[0] ?? ''
    const end = at + Number(digits)
    const record = bytes.subarray(at + digits.length, end - 1)
    if (digits === '' || end > bytes.length || end <= at + digits.length) {
      throw badArchive('archive/tar: invalid tar header')
    }
    if (record.toString('latin1', 0, 5) === 'path=') found = record.toString('utf8', 5)
    at = end
  }
  return found
}

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end)
}

/** The bytes of an archive with these members; a name that ends in `/` is a directory. They are of root and of 1970. */
export function writeTar(members: readonly (ArchivedFile & { mode: number })[]): Buffer {
  const blocks = members.flatMap(({ name, bytes, mode }) => [
    ...longHeader(name),
    headerOf(name, { mode, size: bytes.length, type: name.endsWith('/') ? '5' : '0' }),
    bytes,
    padding(bytes.length),
  ])
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)])
}

const padding = (size: number): Buffer => Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK)

/** What a field of 100 bytes has no room for. */
function longHeader(name: string): Buffer[] {
  if (Buffer.byteLength(name) <= FIELDS.name[1]) return []
  const rest = ` path=${name}\n`
  // The length counts its own digits: three of them, for names of two parts that file systems take.
  const record = Buffer.from(`${Buffer.byteLength(rest) + 3}${rest}`)
  const header = headerOf('PaxHeaders', { mode: 0o644, size: record.length, type: 'x' })
  return [header, record, padding(record.length)]
}

function headerOf(name: string, given: { mode: number; size: number; type: string }): Buffer {
  if (given.size > LARGEST) throw new RangeError(`${name} is too large for an archive`)
  const header = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  Buffer.from(name).copy(header, 0, 0, FIELDS.name[1])
  octal(given.mode, ...FIELDS.mode)
  for (const [at, length] of [
    [108, 8],
    [116, 8],
    [136, 12],
  ] as const)
    octal(0, at, length)
  octal(given.size, ...FIELDS.size)
  header.write(given.type, 156, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.fill(' ', FIELDS.sum[0], FIELDS.sum[0] + FIELDS.sum[1])
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, FIELDS.sum[0], 'latin1')
  return header
}
