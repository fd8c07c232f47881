import { existsSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'

export type ClientConfig = Record<string, unknown>

const MAX_CONFIG = 1024 * 1024

const pathOf = (dockerConfig: string): string => join(dockerConfig, 'config.json')

/**
 * The configuration of Docker's clients, to be changed: what cannot be read must not be written over, since it may hold other
 * settings. Throws `state-format`.
 */
export function readClientConfig(dockerConfig: string): ClientConfig {
  const path = pathOf(dockerConfig)
  const bytes = readSmallFile(path, MAX_CONFIG)
  if (bytes === undefined || bytes.length === 0) return {}
  const config = parseJson(bytes)
  if (typeof config === 'object' && config !== null && !Array.isArray(config))
    return config as ClientConfig
  throw new LighterError('state-format', `${path} is no JSON object: mend or remove it`)
}

/** Whole or not at all, and through a link: it may be kept elsewhere. Docker's own is indented by tabs. Returns the path. */
export function writeClientConfig(dockerConfig: string, config: ClientConfig): string {
  makeDirectory(dockerConfig)
  const path = pathOf(dockerConfig)
  const target = existsSync(path) ? realpathSync(path) : path
  replaceFile(target, JSON.stringify(config, undefined, '\t'), true)
  return path
}

/** Writes what `change` makes of the configuration, nothing where it returns `undefined`. Throws `state-format`. */
export function changeClientConfig(
  dockerConfig: string,
  change: (config: ClientConfig) => ClientConfig | undefined,
): void {
  const changed = change(readClientConfig(dockerConfig))
  if (changed) writeClientConfig(dockerConfig, changed)
}
