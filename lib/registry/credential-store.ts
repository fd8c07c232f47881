import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { readClientConfig, writeClientConfig } from './client-config.ts'
import type { Credentials } from './credential.ts'
import { eraseInHelper, storeInHelper } from './credential-helper.ts'
import { credentialKey, helperOf } from './credentials.ts'

type Json = Record<string, unknown>

/**
 * Keeps what a login gave: with the configuration's helper, else in config.json. Returns the path of the file where the secret
 * is in clear, `undefined` when a helper has it. Throws `registry-denied`, `state-format`.
 */
export async function storeCredentials(
  dockerConfig: string,
  registry: string,
  credentials: Credentials,
): Promise<string | undefined> {
  const config = readClientConfig(dockerConfig)
  const key = credentialKey(registry)
  const auths = { ...objectOf(config.auths) }
  const isNew = Object.keys(auths).length === 0 && helperOf(config, key) === undefined
  const preferred = isNew ? await tryPreferred(key, credentials) : undefined
  const helper = helperOf(config, key)
  if (helper) await storeInHelper(helper, key, credentials)
  const isHidden = helper !== undefined || preferred !== undefined
  auths[key] = isHidden ? {} : fileEntry(credentials)
  const store = preferred ? { credsStore: preferred } : {}
  const path = writeClientConfig(dockerConfig, { ...config, auths, ...store })
  return isHidden ? undefined : path
}

/** Where nothing is kept yet the machine's helper is tried; nobody has asked for it, so that it cannot is no error. */
async function tryPreferred(key: string, credentials: Credentials): Promise<string | undefined> {
  const helper = preferredHelper()
  if (!helper) return undefined
  try {
    await storeInHelper(helper, key, credentials)
    return helper
  } catch (error) {
    if (error instanceof LighterError) return undefined
    throw error
  }
}

/** Forgets what is kept of a registry, under every way to write its name. Throws `registry-denied`, `state-format`. */
export async function eraseCredentials(dockerConfig: string, registry: string): Promise<void> {
  const config = readClientConfig(dockerConfig)
  const key = credentialKey(registry)
  const auths = objectOf(config.auths)
  const kept = Object.entries(auths).filter(([entry]) => credentialKey(entry) !== key)
  if (kept.length < Object.keys(auths).length)
    writeClientConfig(dockerConfig, { ...config, auths: Object.fromEntries(kept) })
  const helper = helperOf(config, key)
  if (helper) await eraseInHelper(helper, key)
}

function fileEntry(credentials: Credentials): Json {
  const encode = (text: string): string => Buffer.from(text).toString('base64')
  return credentials.kind === 'identity-token'
    ? { auth: encode(`${credentials.username ?? ''}:`), identitytoken: credentials.token }
    : { auth: encode(`${credentials.username}:${credentials.password}`) }
}

/** What Docker's client takes by itself where nothing is kept yet: `pass` where it is installed, else the desktop's. */
function preferredHelper(): string | undefined {
  const name = isInPath('pass') ? 'pass' : 'secretservice'
  return isInPath(`docker-credential-${name}`) ? name : undefined
}

const isInPath = (program: string): boolean =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .some((directory) => directory.startsWith('/') && existsSync(join(directory, program)))

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
