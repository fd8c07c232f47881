import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { SecureContext } from 'node:tls'
import { LighterError } from '../core/errors.ts'

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** Whether the user placed a certificate authority for this registry. */
export const hasOwnAuthority = (host: string): boolean =>
  certificateDirectories(host).some((directory) => existsSync(join(directory, 'ca.crt')))

/**
 * Whom to believe about a registry, and what to show it of ourselves. Read once: each connection would parse all authorities again.
 * Throws `host-setup`.
 */
export async function secureContextFor(host: string): Promise<SecureContext> {
  const tls = await import('node:tls')
  return tls.createSecureContext({ ca: await authorities(host), ...ownCertificate(host) })
}

/** The authorities of the machine, and those that the user placed for a host, as PEM. */
export async function authorities(host: string): Promise<string[]> {
  const system = process.env.SSL_CERT_FILE ?? SYSTEM_BUNDLES.find((path) => existsSync(path))
  const bundle = system ? readIfThere(system) : undefined
  const extra = process.env.NODE_EXTRA_CA_CERTS
  const own = certificateDirectories(host).flatMap((directory) =>
    listEnding(directory, '.crt').flatMap((name) => readIfThere(join(directory, name)) ?? []),
  )
  return [
    ...(bundle ? [bundle] : (await import('node:tls')).rootCertificates),
    ...(extra ? [readIfThere(extra) ?? ''] : []),
    ...own,
  ].filter((text) => text !== '')
}

/** What we show a registry of ourselves: the first `NAME.cert` with its `NAME.key`. Throws `host-setup` when one has none. */
function ownCertificate(host: string): { cert: string; key: string } | undefined {
  for (const directory of certificateDirectories(host)) {
    const [name] = listEnding(directory, '.cert')
    if (!name) continue
    const path = join(directory, name)
    const cert = readIfThere(path)
    const key = readIfThere(path.replace(/cert$/, 'key'))
    if (cert !== undefined && key !== undefined) return { cert, key }
    const missing = `${name.slice(0, -'.cert'.length)}.key`
    throw new LighterError(
      'host-setup',
      `missing key ${missing} for client certificate ${name} in ${directory}`,
    )
  }
  return undefined
}

/** Docker's places, those of its rootless kind, and those of containers-certs.d(5): the user's before the machine's. */
function certificateDirectories(host: string): string[] {
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), '.config')
  return [
    join(config, 'docker/certs.d', host),
    join(config, 'containers/certs.d', host),
    join('/etc/docker/certs.d', host),
    join('/etc/containers/certs.d', host),
  ]
}

function listEnding(directory: string, end: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith(end))
      .sort()
  } catch {
    return []
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
