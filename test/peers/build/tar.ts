/** An entry of an archive, with what comparing needs. */
export interface TarEntry {
  /** Without `./` before and `/` behind; the root is `''`. */
  path: string
  type: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo' | 'character' | 'block'
  mode: number
  uid: number
  gid: number
  /** Seconds. */
  mtime: number
  linkTarget: string
  data: Buffer
  xattrs: Record<string, Buffer>
  /** Major and minor number. */
  device: [number, number]
}

const BLOCK = 512
const TYPES: Record<string, TarEntry['type']> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
}

/** Reads an uncompressed archive: ustar with the extensions of POSIX and GNU. A reader of its own, apart from those that are tested. */
export function* readTar(archive: Buffer): Generator<TarEntry> {
  let pax = new Map<string, Buffer>()
  const long = { path: '', link: '' }
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) return
    const flag = String.fromCharCode(header[156] ?? 0)
    const size = sizeOf(header, pax)
    const data = archive.subarray(at + BLOCK, at + BLOCK + size)
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    if (flag === 'x') pax = readPax(data)
    else if (flag === 'L') long.path = text(data)
    else if (flag === 'K') long.link = text(data)
    else if (flag !== 'g') {
      yield entryOf(header, flag, data, pax, long)
      pax = new Map()
      long.path = ''
      long.link = ''
    }
  }
}

const sizeOf = (header: Buffer, pax: Map<string, Buffer>): number =>
  Number(pax.get('size')?.toString() ?? number(header, 124, 12))

function entryOf(
  header: Buffer,
  flag: string,
  data: Buffer,
  pax: Map<string, Buffer>,
  long: { path: string; link: string },
): TarEntry {
  const type = TYPES[flag]
  if (!type) throw new Error(`An entry of type "${flag}"`)
  const said = (key: string) => pax.get(key)?.toString()
  const prefix = text(header.subarray(345, 500))
  const name = text(header.subarray(0, 100))
  const isUstar = header.subarray(257, 263).toString('latin1') === 'ustar\0'
  const path = said('path') ?? (long.path || (isUstar && prefix ? `${prefix}/${name}` : name))
  const xattrs = [...pax]
    .filter(([key]) => key.startsWith('SCHILY.xattr.'))
    .map(([key, value]): [string, Buffer] => [key.slice('SCHILY.xattr.'.length), value])
  return {
    path: clean(path),
    type,
    mode: number(header, 100, 8) & 0o7777,
    uid: Number(said('uid') ?? number(header, 108, 8)),
    gid: Number(said('gid') ?? number(header, 116, 8)),
    mtime: Math.floor(Number(said('mtime') ?? number(header, 136, 12))),
    linkTarget: said('linkpath') ?? (long.link || text(header.subarray(157, 257))),
    data,
    xattrs: Object.fromEntries(xattrs),
    device: [number(header, 329, 8), number(header, 337, 8)],
  }
}

/** The path of an entry as trees have it. */
export const clean = (path: string): string =>
  path.replace(/^(\.?\/)+|^\.$/, '').replace(/\/+$/, '')

function text(field: Buffer): string {
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString()
}

/** Octal digits, or GNU's binary numbers. */
function number(header: Buffer, start: number, length: number): number {
  const field = header.subarray(start, start + length)
  if (((field[0] ?? 0) & 0x80) !== 0)
    return Number(BigInt.asIntN(64, field.readBigInt64BE(length - 8)))
  return Number.parseInt(text(field).trim() || '0', 8)
}

function readPax(data: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < data.length; ) {
    const blank = data.indexOf(0x20, at)
    if (blank < 0) break
    const length = Number(data.subarray(at, blank).toString())
    const equals = data.indexOf(0x3d, blank)
    records.set(
      data.subarray(blank + 1, equals).toString(),
      data.subarray(equals + 1, at + length - 1),
    )
    at += length
  }
  return records
}
