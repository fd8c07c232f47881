import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipMember {
  name: string
  text: string
  /** With the type, as `stat` has it. */
  mode?: number
}

/** A zip archive such as `zip` makes on Unix. */
export function zipOf(members: readonly ZipMember[], deflates = true): Buffer {
  const files: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const { name, text, mode = 0o100600 } of members) {
    const bytes = deflates ? deflateRawSync(text) : Buffer.from(text)
    const local = Buffer.alloc(30)
    const entry = Buffer.alloc(46)
    local.writeUInt32LE(0x04034b50)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt8(3, 5)
    for (const [header, at] of [
      [local, 8],
      [entry, 10],
    ] as const) {
      header.writeUInt16LE(deflates ? 8 : 0, at)
      header.writeUInt32LE(crc32(text), at + 6)
      header.writeUInt32LE(bytes.length, at + 10)
      header.writeUInt32LE(Buffer.byteLength(text), at + 14)
      header.writeUInt16LE(Buffer.byteLength(name), at + 18)
    }
    entry.writeUInt32LE(mode * 2 ** 16, 38)
    entry.writeUInt32LE(offset, 42)
    const file = Buffer.concat([local, Buffer.from(name), bytes])
    files.push(file)
    entries.push(entry, Buffer.from(name))
    offset += file.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(Buffer.concat(entries).length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...files, ...entries, end])
}
