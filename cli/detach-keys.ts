import { LighterError } from '../lib/core/errors.ts'
import type { Context } from './context.ts'
import type { Parsed } from './parse.ts'

/**
 * The keys that detach: those of the command line, else of Docker's configuration; without either the native program has
 * its own. Without a terminal nobody can press them. Throws `bad-input`.
 */
export async function findDetachKeys(
  context: Context,
  parsed: Parsed,
  terminal: boolean,
): Promise<string | undefined> {
  const given = parsed.string('detach-keys')
  if (given || !terminal) return given
  const { readSetting } = await import('./docker-config.ts')
  const keys = readSetting(context, 'detachKeys')
  if (keys === '') return given
  const { checkDetachKeys } = await import('./flags/run.ts')
  if (checkDetachKeys(keys) === undefined) return keys
  throw new LighterError('bad-input', `Invalid detach keys (${keys}) provided`)
}
