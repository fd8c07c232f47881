import { brotliDecompressSync } from 'node:zlib'
import { readCarried } from '../../lib/runtime/binary.ts'
import type { Context } from '../context.ts'
import { writeOut } from '../output/write.ts'

/** `system licenses`: those of the program and of all that is built into it, as their authors want them to go along. */
export async function run(_context: Context): Promise<number> {
  writeOut(brotliDecompressSync(readCarried('licenses.br')).toString())
  return 0
}
