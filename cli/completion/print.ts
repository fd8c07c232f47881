import { findPaths } from '../../lib/host/paths.ts'
import { writeOut } from '../output/write.ts'
import { complete } from './complete.ts'
import { namesIn } from './names.ts'

/** `__complete -- WORD…`: what the last word may become, one per line; the last line says whether files would do too. */
export function printCompletion(words: readonly string[]): number {
  // Not the engine: it would make directories.
  const { data } = findPaths(process.env, process.getuid?.() ?? 0)
  const { candidates, files } = complete(words, namesIn(data))
  const lines = candidates.map(({ text, description }) =>
    description === undefined ? text : `${text}\t${description}`,
  )
  writeOut(`${[...lines, files ? ':files' : ':nofiles'].join('\n')}\n`)
  return 0
}
