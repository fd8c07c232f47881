import { readFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { LighterError, systemErrorText } from '../lib/core/errors.ts'
import { type Address, addressText } from './address.ts'

/** Files in PEM: of those who sign the certificates of clients, the service's own certificate, and its key. */
export interface TlsFiles {
  ca: string
  cert: string
  key: string
}

/** How connections by TCP are trusted. */
export interface TcpTrust {
  /** Clients show a certificate. */
  tls: TlsFiles | undefined
  /** Any process of this machine is trusted. */
  allowInsecure: boolean
}

/** 127.0.0.0/8 and ::1; a name that is somebody else's tomorrow is none. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** Whoever connects has the rights of this user: that must be meant. Throws `usage`. */
export function checkTcp(address: Extract<Address, { type: 'tcp' }>, trust: TcpTrust): void {
  if (trust.tls) return
  const text = addressText(address)
  const certificates = '--tlsverify with --tlscacert, --tlscert and --tlskey'
  if (!isLoopback(address.host)) {
    throw new LighterError(
      'usage',
      `${text}: whoever reaches it would have this user's rights: clients must show certificates, ${certificates}`,
    )
  }
  if (!trust.allowInsecure) {
    throw new LighterError(
      'usage',
      `${text}: every user of this machine would have this user's rights: use ${certificates}, or say --allow-insecure-tcp`,
    )
  }
}

/** What Node's servers want to know. Throws `usage` for files that cannot be read. */
export function readTls({ ca, cert, key }: TlsFiles): object {
  return {
    ca: readPem('--tlscacert', ca),
    cert: readPem('--tlscert', cert),
    key: readPem('--tlskey', key),
    minVersion: 'TLSv1.2',
    requestCert: true,
    rejectUnauthorized: true,
  }
}

function readPem(flag: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new LighterError('usage', `${flag}: ${systemErrorText(error)}`)
  }
}

/**
 * Whether a request comes from a web page: those reach whatever listens on the loopback interface, under names that their owners have
 * pointed to it, too. No client of Docker's sends an origin, nor calls this machine otherwise.
 */
export function isFromBrowser({ host = '', ...headers }: IncomingHttpHeaders): boolean {
  if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined) return true
  return !isLoopback(host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'))
}
