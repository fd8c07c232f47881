import { lstatSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LighterError, systemErrorText } from '../core/errors.ts'

// On the way to every container: nothing else is loaded where there is no policy.

/** The text of a policy.json. */
export interface PolicyFile {
  path: string
  text: string
}

const MACHINE = '/etc/containers/policy.json'
const MAX_FILE = 1024 * 1024

/** What distributions install: everything is accepted. */
const ACCEPTS_ALL =
  /^\s*\{\s*"default"\s*:\s*\[\s*\{\s*"type"\s*:\s*"insecureAcceptAnything"\s*\}\s*\]\s*\}\s*$/

/**
 * The signature policy that counts: lighter's own beside `config`, its config.json, then that of the user's containers, then the
 * machine's. `undefined` where there is none, or one that accepts everything. Throws `host-setup` for one that cannot be read.
 */
export function findPolicyFile(config: string): PolicyFile | undefined {
  const own = dirname(config)
  for (const path of [
    join(own, 'policy.json'),
    join(dirname(own), 'containers', 'policy.json'),
    MACHINE,
  ]) {
    const text = readIfThere(path)
    if (text !== undefined) return ACCEPTS_ALL.test(text) ? undefined : { path, text }
  }
  return undefined
}

/** A link that leads nowhere is there: somebody meant a policy by it. */
function readIfThere(path: string): string | undefined {
  try {
    if (!lstatSync(path, { throwIfNoEntry: false })) return undefined
    const text = readFileSync(path, 'utf8')
    if (text.length <= MAX_FILE) return text
  } catch (error) {
    throw new LighterError('host-setup', `signature policy: ${systemErrorText(error)}`, {
      cause: error,
    })
  }
  throw new LighterError('host-setup', `${path} is larger than ${MAX_FILE} characters`)
}
