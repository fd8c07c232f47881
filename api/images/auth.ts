import { LighterError } from '../../lib/core/errors.ts'
import { credentialKey } from '../../lib/registry/credentials.ts'
import { logIn } from '../../lib/registry/login.ts'
import type { Call } from '../http/call.ts'
import { ApiError, badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'
import { parseAuth } from './credentials.ts'
import { withRegistry } from './registry-work.ts'

const HUB = 'docker.io'

/** `POST /auth`: whether a registry takes a name and a password, and what it gives in their place. Nothing of it is kept. */
export async function auth(call: Call): Promise<void> {
  const document = (await call.body.json()) ?? {}
  const fields = new Fields(document, 'AuthConfig')
  const registry = hostOf(fields.text('serveraddress'))
  for (const name of ['username', 'password', 'identitytoken']) fields.text(name)
  const credentials = parseAuth(document)
  if (credentials === undefined || credentials.kind === 'registry-token') {
    throw badRequest('a username and a password, or an identity token, are needed')
  }
  const accepted = await withRegistry(call, undefined, async ({ paths }) => {
    try {
      return await logIn(registry, credentials, paths)
    } catch (error) {
      const isRefused = error instanceof LighterError && error.code === 'registry-denied'
      throw isRefused ? new ApiError(401, error.message) : error
    }
  })
  call.reply.json({
    IdentityToken: accepted.kind === 'identity-token' ? accepted.token : '',
    Status: 'Login Succeeded',
  })
}

/** As Docker's client takes an address: without scheme and path. */
function hostOf(server: string): string {
  const key = credentialKey(server)
  return server === '' || key.startsWith('https://') ? HUB : key
}
