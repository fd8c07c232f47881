import { findPaths } from '../../lib/host/paths.ts'
import { isOwnWord } from '../commands.ts'
import { listPlugins, type Plugin } from './metadata.ts'

/** The plugins whose commands can be called here: our own commands are not replaced by any. */
export async function callablePlugins(): Promise<{ plugins: Plugin[]; refused: string[] }> {
  // Not the engine: it would make directories.
  const { dockerConfig } = findPaths(process.env, process.getuid?.() ?? 0)
  return await listPlugins(dockerConfig, isOwnWord)
}

/** Rows of `--help`, marked as Docker marks plugins. */
export const pluginRows = async (): Promise<[string, string][]> =>
  (await callablePlugins()).plugins.map(({ name, metadata }) => [
    `${name}*`,
    metadata.ShortDescription,
  ])
