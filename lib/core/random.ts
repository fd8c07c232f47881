import { closeSync, openSync, readSync } from 'node:fs'

/**
 * Random bytes as lower-case hex digits, from the kernel's own generator (urandom(4)). `node:crypto` would give the
 * same and costs every command 4 ms to load.
 */
export function randomHex(bytes: number): string {
  const buffer = Buffer.alloc(bytes)
  const fd = openSync('/dev/urandom', 'r')
  try {
    // A read of up to 256 bytes is never short.
    for (let at = 0; at < bytes; ) at += readSync(fd, buffer, at, Math.min(bytes - at, 256), null)
  } finally {
    closeSync(fd)
  }
  return buffer.toString('hex')
}

/** A whole number from 0 up to, without, `limit`. For choices that need no secrecy: the bias is below 2⁻¹⁶. */
export const randomBelow = (limit: number): number => Number.parseInt(randomHex(6), 16) % limit
