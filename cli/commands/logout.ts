import { eraseCredentials } from '../../lib/registry/credential-store.ts'
import { credentialKey } from '../../lib/registry/credentials.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `logout`: what is kept of a registry is forgotten; that nothing was is not told. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const registry = parsed.operands[0] ?? 'docker.io'
  context.print(`Removing login credentials for ${credentialKey(registry)}`)
  await eraseCredentials(context.engine.paths.dockerConfig, registry)
  return 0
}
