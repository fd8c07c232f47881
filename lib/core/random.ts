import { closeSync, openSync, readSync } from 'node:fs'

/** A read of up to 256 bytes is never short (urandom(4)). */
const READ_BYTES = 256

/** Hex digits that were read and not yet given out. */
let unused = ''

/**
 * Random bytes as lower-case hex digits, from the kernel's own generator (urandom(4)). `node:crypto` would give the
 * same and costs every command 4 ms to load.
 */
export function randomHex(bytes: number): string {
  while (unused.length < 2 * bytes) unused += readHex()
  const hex = unused.slice(0, 2 * bytes)
  unused = unused.slice(2 * bytes)
  return hex
}

function readHex(): string {
  const buffer = Buffer.alloc(READ_BYTES)
  const fd = openSync('/dev/urandom', 'r')
  try {
    return buffer.toString('hex', 0, readSync(fd, buffer, 0, READ_BYTES, null))
  } finally {
    closeSync(fd)
  }
}

/** A whole number from 0 up to, without, `limit`. For choices that need no secrecy: the bias is below 2⁻¹⁶. */
export const randomBelow = (limit: number): number => Number.parseInt(randomHex(6), 16) % limit
