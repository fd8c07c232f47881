import { findPaths } from '../../lib/host/paths.ts'
import { complete } from '../completion/complete.ts'
import { namesIn } from '../completion/names.ts'
import type { Context } from '../context.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `__complete -- WORD…`: what the last word may become, one per line; the last line says whether files would do too. */
export async function run(_context: Context, parsed: Parsed): Promise<number> {
  // Not the engine: it would make directories.
  const { data } = findPaths(process.env, process.getuid?.() ?? 0)
  const { candidates, files } = complete(parsed.operands, namesIn(data))
  const lines = candidates.map(({ text, description }) =>
    description === undefined ? text : `${text}\t${description}`,
  )
  writeOut(`${[...lines, files ? ':files' : ':nofiles'].join('\n')}\n`)
  return 0
}
