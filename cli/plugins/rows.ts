import { findPaths } from '../../lib/host/paths.ts'
import { isOwnWord } from '../commands.ts'
import { listPlugins } from './metadata.ts'

/** Rows of `--help`, marked as Docker marks plugins; a command of our own is not replaced by any. */
export async function pluginRows(): Promise<[string, string][]> {
  // Not the engine: it would make directories.
  const { dockerConfig } = findPaths(process.env, process.getuid?.() ?? 0)
  const { plugins } = await listPlugins(dockerConfig, isOwnWord)
  return plugins.map(({ name, metadata }) => [`${name}*`, metadata.ShortDescription])
}
