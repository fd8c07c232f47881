/** Bytes that tell what a stream is: one block of an archive. */
export const HEAD = 512
const MAGIC: readonly (readonly number[])[] = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
]

/** Whether a file that begins so is an archive: of tar, plain or compressed with gzip, zstd, bzip2 or xz. */
export function isArchive(head: Buffer): boolean {
  return isTar(head) || MAGIC.some((magic) => magic.every((byte, index) => head[index] === byte))
}

/** The checksum of a block is the sum of its bytes, with blanks in its own place. */
function isTar(head: Buffer): boolean {
  if (head.length < HEAD) return false
  const text = head.toString('latin1', 148, 156).replace(/[ \0]/g, '')
  if (!/^[0-7]+$/.test(text)) return false
  let sum = 0
  for (let index = 0; index < HEAD; index++)
    sum += index >= 148 && index < 156 ? 32 : head.readUInt8(index)
  return Number.parseInt(text, 8) === sum
}
