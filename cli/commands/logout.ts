import { LighterError } from '../../lib/core/errors.ts'
import { eraseCredentials } from '../../lib/registry/credential-store.ts'
import { credentialKey } from '../../lib/registry/credentials.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `logout`: what is kept of a registry is forgotten; that nothing was is not told. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const registry = parsed.operands[0] ?? 'docker.io'
  context.print(`Removing login credentials for ${credentialKey(registry)}`)
  try {
    await eraseCredentials(context.engine.paths.dockerConfig, registry)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    context.warn(
      `WARNING: could not erase credentials:\n${credentialKey(registry)}: ${error.message}`,
    )
  }
  return 0
}
