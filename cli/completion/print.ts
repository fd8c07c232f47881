import { LighterError } from '../../lib/core/errors.ts'
import { findPaths, type HostPaths } from '../../lib/host/paths.ts'
import { findSharedStores } from '../../lib/store/find-shared.ts'
import { isOwnWord } from '../commands.ts'
import { writeOut } from '../output/write.ts'
import { findPlugins, pluginPlaces } from '../plugins/find.ts'
import type { Completion } from './candidate.ts'
import { complete } from './complete.ts'
import { namesIn } from './names.ts'
import { completePlugin } from './plugin.ts'

/** `__complete -- WORD…`: what the last word may become, one per line; the last line says whether files would do too. */
export function printCompletion(words: readonly string[]): number {
  // Not the engine: it would make directories.
  const paths = findPaths(process.env, process.getuid?.() ?? 0)
  const { candidates, files } = completeWords(paths, words)
  const lines = candidates.map(({ text, description }) =>
    description === undefined ? text : `${text}\t${description}`,
  )
  writeOut(`${[...lines, files ? ':files' : ':nofiles'].join('\n')}\n`)
  return 0
}

function completeWords(paths: HostPaths, words: readonly string[]): Completion {
  const [first = ''] = words
  if (words.length > 1 && !first.startsWith('-') && !isOwnWord(first)) {
    const answer = completePlugin(paths, words)
    if (answer) return answer
  }
  const plugins = findPlugins(pluginPlaces(paths.dockerConfig)).filter(
    ({ name, refused }) => refused === undefined && !isOwnWord(name),
  )
  return complete(
    words,
    namesIn(paths.data, sharedStores(paths)),
    plugins.map(({ name }) => name),
  )
}

/** Settings that say nothing are no matter for who presses the tabulator key. */
function sharedStores(paths: HostPaths): string[] {
  try {
    return findSharedStores(process.env.LIGHTER_IMAGE_STORES, paths)
  } catch (error) {
    if (error instanceof LighterError) return []
    throw error
  }
}
