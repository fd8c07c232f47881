import { posix } from 'node:path'
import type { Copy, Location } from '../ast.ts'
import { quoted } from '../characters.ts'
import type { Findings } from './findings.ts'

/** Words in the names of variables that are secrets, mostly. */
const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i
/** Words that say they are none. */
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i

export function checkSecret(
  kind: 'ARG' | 'ENV',
  key: string,
  location: Location,
  findings: Findings,
): void {
  if (!SECRET.test(key) || NO_SECRET.test(key)) return
  const message = `Do not use ARG or ENV instructions for sensitive data (${kind} ${quoted(key)})`
  findings.add('SecretsUsedInArgOrEnv', location, message)
}

/** EXPOSE says what the container listens on, nothing about the host. */
export function checkPort(port: string, location: Location, findings: Findings): void {
  const slash = port.indexOf('/')
  const protocol = slash < 0 ? '' : port.slice(slash + 1)
  const address = slash < 0 ? port : port.slice(0, slash)
  if (protocol !== protocol.toLowerCase()) {
    const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`
    findings.add('ExposeProtoCasing', location, message)
  }
  if (address.includes(':')) {
    const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`
    findings.add('ExposeInvalidFormat', location, message)
  }
}

const REMOTE = /^(?:https?:\/\/|git@|ssh:\/\/|git:\/\/)/i

export function checkSource(
  { kind, location }: Copy,
  source: string,
  ignores: (path: string) => boolean,
  findings: Findings,
): void {
  if (REMOTE.test(source)) return
  const path = posix.normalize(source).replace(/(.)\/$/, '$1')
  if (!ignores(path.replace(/^\/+/, ''))) return
  const verb = kind === 'COPY' ? 'Copy' : 'Add'
  const message = `Attempting to ${verb} file ${quoted(path)} that is excluded by .dockerignore`
  findings.add('CopyIgnoredFile', location, message)
}
