import { closeSync, openSync, statSync } from 'node:fs'
import { LighterError, systemErrorText } from '../../lib/core/errors.ts'
import { parseReference } from '../../lib/oci/reference.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

const HINT =
  'lighter speaks to no Notary server: it checks the signatures that policy.json asks for; skopeo copy --sign-by makes them.'

/** `trust` commands for a trust server: what is wrong with their words is said as Docker does, else that there is none. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  throw new LighterError('untrusted', refuse(context, parsed), { hint: HINT })
}

function refuse(context: Context, parsed: Parsed): string {
  const [first = '', ...others] = parsed.operands
  switch (parsed.name) {
    case 'trust sign':
      checkSigned(first)
      return `failed to sign ${first}: there is no trust server`
    case 'trust revoke':
      parseReference(first)
      return `could not remove signature for ${first}: there is no trust data`
    case 'trust key generate':
      checkName('key', first)
      return `failed to generate key for ${first}: there is nothing to sign with it`
    case 'trust key load':
      context.print(`Loading key from "${first}"...`)
      tryFile(() => statSync(first), `refusing to load key from ${first}`)
      return `refusing to load key from ${first}: there is nothing to sign with it`
    case 'trust signer add':
      checkSigner(first, parsed.list('key'))
      for (const repository of others) parseReference(repository)
      return `failed to add signer to: ${others.join(', ')}`
    default:
      for (const repository of others) parseReference(repository)
      return `error removing signer from: ${others.join(', ')}`
  }
}

function checkSigned(image: string): void {
  const { tag, digest } = parseReference(image)
  if (digest !== undefined) throw wrong('cannot use a digest reference for IMAGE:TAG')
  if (tag === undefined) throw wrong(`no tag specified for ${image}`)
}

function checkSigner(name: string, keys: readonly string[]): void {
  if (keys.length === 0) throw wrong('path to a public key must be provided using the `--key` flag')
  checkName('signer', name)
  for (const key of keys) {
    tryFile(() => closeSync(openSync(key, 'r')), 'unable to read public key from file')
  }
}

function checkName(what: string, name: string): void {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return
  throw wrong(
    `${what} name "${name}" must start with lowercase alphanumeric characters and can include "-" or "_" after the first character`,
  )
}

function tryFile(look: () => unknown, what: string): void {
  try {
    look()
  } catch (error) {
    throw wrong(`${what}: ${systemErrorText(error)}`, error)
  }
}

const wrong = (message: string, cause?: unknown): LighterError =>
  new LighterError('untrusted', message, { cause })
