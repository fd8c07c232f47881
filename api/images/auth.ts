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
  const document = (await call.body.json('AuthConfig')) ?? {}
  const fields = new Fields(document, 'AuthConfig')
  const server = fields.text('serveraddress')
  if (/\s/.test(server)) throw badRequest(`unable to parse server address: ${hostFault(server)}`)
  const registry = hostOf(server)
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

/** As Go's parser of addresses tells it. */
function hostFault(server: string): string {
  const url = /^https?:\/\//.test(server) ? server : `https://${server}`
  const blank = JSON.stringify(/\s/.exec(server)?.[0])
  return `parse ${JSON.stringify(url)}: invalid character ${blank} in host name`
}

/** As Docker's client takes an address: without scheme and path. */
function hostOf(server: string): string {
  const key = credentialKey(server)
  return server === '' || key.startsWith('https://') ? HUB : key
}
