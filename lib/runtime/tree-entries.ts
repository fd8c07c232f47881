import { LighterError } from '../core/errors.ts'
import { decodeName, shownName } from '../fs/byte-names.ts'

/** An object of a union of layers, as `tree list` of the native program tells of it. */
export interface TreeEntry {
  /** Relative to the root, which is `''`; as `decodeName` tells names. */
  path: string
  /** `missing`: there is none. */
  type: 'file' | 'directory' | 'symlink' | 'fifo' | 'other' | 'missing'
  /** Permission bits, set-id bits included. */
  mode: number
  uid: number
  gid: number
  size: number
  /** Seconds since 1970. */
  modified: number
  /** Names of one file share a number; 0: it has one name. */
  linkGroup: number
  /** Of a symbolic link; as names are told. */
  target: string
  /** SHA-256 of a file's bytes, 64 hex digits; else empty. */
  digest: string
  /** SHA-256 of the extended attributes; empty: there are none. */
  attributes: string
}

const TYPES: Readonly<Record<string, TreeEntry['type']>> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  p: 'fifo',
  '?': 'other',
  '-': 'missing',
}

/** Texts of one entry: status, path, target, digest, digest of attributes, error. */
const FIELDS = 6

/** Entries of the output of `tree list`. Throws `native` for what is none, and `damaged-image` for a file that cannot be read. */
export async function* parseEntries(chunks: AsyncIterable<Buffer>): AsyncGenerator<TreeEntry> {
  let rest: Buffer = Buffer.alloc(0)
  let fields: string[] = []
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(0); end >= 0; end = bytes.indexOf(0, start)) {
      fields.push(decodeName(bytes.subarray(start, end)))
      start = end + 1
      if (fields.length < FIELDS) continue
      yield parseEntry(fields)
      fields = []
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0 || fields.length > 0) throw unexpected(fields[0] ?? '')
}

function parseEntry(fields: readonly string[]): TreeEntry {
  const [status = '', path = '', target = '', digest = '', attributes = '', error = ''] = fields
  const [letter = '', mode = '', ...numbers] = status.split(' ')
  const [uid = 0, gid = 0, size = 0, modified = 0, linkGroup = 0] = numbers.map(Number)
  const type = TYPES[letter]
  if (type === undefined) throw unexpected(status)
  if (error !== '')
    throw new LighterError('damaged-image', `cannot read /${shownName(path)}: ${error}`)
  return {
    ...{ path, type, mode: Number.parseInt(mode, 8) || 0, uid, gid, size, modified, linkGroup },
    ...{ target, digest, attributes },
  }
}

const unexpected = (said: string): LighterError =>
  new LighterError('native', `lighter-native said something unexpected: ${said.slice(0, 200)}`)
