import { execFileSync } from 'node:child_process'
import { gzipSync, zstdCompressSync } from 'node:zlib'

const byProgram = (name: string) => (bytes: Buffer) =>
  execFileSync(name, ['-c'], { input: bytes, maxBuffer: 1e9 })

/** How archives may be compressed that are put into containers. */
export const PACKED: readonly [name: string, pack: (bytes: Buffer) => Buffer][] = [
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
  ['bzip2', byProgram('bzip2')],
  ['xz', byProgram('xz')],
]
