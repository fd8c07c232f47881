import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { listNames } from '../../lib/fs/drafts.ts'
import { parseJson, readSmallText } from '../../lib/fs/read.ts'
import { ownCommand } from '../../lib/host/own-command.ts'

/** A program that adds a command to Docker's client. */
export interface PluginFile {
  /** The command. */
  name: string
  path: string
  /** Why it is not run: whoever can change it could have anything run. */
  refused?: string
}

/** What tells a plugin that it is one, and how its client is called. */
export const pluginEnvironment = (): Record<string, string> => ({
  DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: ownCommand().at(-1) ?? process.execPath,
})

/** Where packages put plugins. */
const SYSTEM_PLACES: readonly string[] = [
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/libexec/docker/cli-plugins',
]

const PREFIX = 'docker-'
const NAME = /^[a-z][a-z0-9]*$/

/** The directories of plugins, the one that counts first: the user's, then those of packages. `config`: `$DOCKER_CONFIG`. */
export function pluginPlaces(config: string): string[] {
  const settings = parseJson(readSmallText(join(config, 'config.json'), MAX_CONFIG))
  const extra = (settings as { cliPluginsExtraDirs?: unknown } | undefined)?.cliPluginsExtraDirs
  const own = Array.isArray(extra)
    ? extra.filter((place): place is string => typeof place === 'string' && isAbsolute(place))
    : []
  return [...own, join(config, 'cli-plugins'), ...SYSTEM_PLACES]
}

const MAX_CONFIG = 1024 * 1024

/** Every plugin, by name; of several files with one name the first counts. */
export function findPlugins(places: readonly string[]): PluginFile[] {
  const found = new Map<string, PluginFile>()
  for (const place of places) {
    for (const entry of listNames(place)) {
      const name = entry.slice(PREFIX.length)
      if (!entry.startsWith(PREFIX) || !NAME.test(name) || found.has(name)) continue
      const plugin = look(name, join(place, entry))
      if (plugin) found.set(name, plugin)
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The plugin that has this command; `undefined` where there is none. */
export function findPlugin(places: readonly string[], name: string): PluginFile | undefined {
  if (!NAME.test(name)) return undefined
  for (const place of places) {
    const plugin = look(name, join(place, `${PREFIX}${name}`))
    if (plugin) return plugin
  }
  return undefined
}

/** `undefined` for what is no program. */
function look(name: string, path: string): PluginFile | undefined {
  try {
    const real = realpathSync(path)
    const file = statSync(real)
    if (!file.isFile() || (file.mode & 0o111) === 0) return undefined
    const open = [dirname(path), dirname(real), real].find(isOpenToOthers)
    if (open === undefined) return { name, path }
    const what = open === real ? basename(path) : open
    return { name, path, refused: `${path} is not run: others can change ${what}` }
  } catch {
    // A link to nowhere, or what this user may not look at.
    return undefined
  }
}

/** Whether anybody but root and this user can write it. The user's own group is as good as the user. */
function isOpenToOthers(path: string): boolean {
  const { uid, gid, mode } = statSync(path)
  if (uid !== 0 && uid !== process.getuid?.()) return true
  if ((mode & 0o002) !== 0) return true
  return (mode & 0o020) !== 0 && gid !== 0 && gid !== process.getgid?.()
}
