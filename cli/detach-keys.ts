import type { Context } from './context.ts'
import type { Parsed } from './parse.ts'

/**
 * The keys that detach: those of the command line, else of Docker's configuration; without either the native program has
 * its own. Without a terminal nobody can press them. `called`: what the sentence about wrong ones calls them. Throws a
 * `BareRefusal`.
 */
export async function findDetachKeys(
  context: Context,
  parsed: Parsed,
  terminal: boolean,
  called: 'detach' | 'escape' = 'detach',
): Promise<string | undefined> {
  const given = parsed.string('detach-keys')
  const configured = given || !terminal ? '' : await readConfigured(context)
  const keys = configured || given
  if (!keys) return given
  const { checkDetachKeys } = await import('./flags/detach-keys.ts')
  checkDetachKeys(keys, called)
  return keys
}

async function readConfigured(context: Context): Promise<string> {
  const { readSetting } = await import('./docker-config.ts')
  return readSetting(context, 'detachKeys')
}
