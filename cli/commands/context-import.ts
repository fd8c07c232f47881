import { closeSync } from 'node:fs'
import { quote } from '../../lib/format/quote.ts'
import type { Context } from '../context.ts'
import { unpackContext } from '../contexts/archive.ts'
import { openGiven } from '../contexts/endpoint.ts'
import { readLimited } from '../contexts/limited.ts'
import { checkNewName, writeContext } from '../contexts/write.ts'
import type { Parsed } from '../parse.ts'

const STDIN = 0

/** `context import`: from a tar or zip archive; nothing is kept of one that has anything wrong. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  const [name = '', file = ''] = parsed.operands
  checkNewName(paths, name)
  const { bytes, isCut } = file === '-' ? readLimited(STDIN, '/dev/stdin') : readGiven(file)
  writeContext(paths, name, await unpackContext(bytes, isCut))
  context.print(name)
  context.warn(`Successfully imported context ${quote(name)}`)
  return 0
}

function readGiven(file: string): { bytes: Buffer; isCut: boolean } {
  const fd = openGiven(file)
  try {
    return readLimited(fd, file)
  } finally {
    closeSync(fd)
  }
}
