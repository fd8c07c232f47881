import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inject } from 'vitest'

/** When keys and signatures are made that are too old by now. */
const LONG_AGO = '20240101T000000!'

/** A gpg with keys of its own. */
export interface Gpg {
  home: string
  /** Makes a key without a passphrase; returns its fingerprint. `expires`: one day after it was made, long ago. */
  makeKey: (name: string, algorithm: string, expires?: boolean) => string
  /** A file with the public key. */
  publicKey: (fingerprint: string) => string
  /** A signed message. `options` are gpg's. */
  sign: (fingerprint: string, payload: string, options?: string[]) => Buffer
  /** From now on nobody should believe the key. */
  revoke: (fingerprint: string) => void
  /** Calls gpg. */
  call: (args: string[], input?: string | Buffer) => Buffer
  stop: () => void
}

export const longAgo = ['--faked-system-time', LONG_AGO]

/** Debian's gpg with a home of its own. */
export function startGpg(): Gpg {
  const home = mkdtempSync(join(inject('work'), 'gpg-'))
  const call = (args: string[], input: string | Buffer = '') =>
    execFileSync('gpg', ['--homedir', home, '--batch', '--yes', '--quiet', ...args], {
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  return {
    home,
    call,
    makeKey: (name, algorithm, expires = false) => {
      const made = ['--quick-generate-key', `${name} <${name}@test>`, algorithm, 'sign']
      call([
        ...['--passphrase', '', '--pinentry-mode', 'loopback', ...(expires ? longAgo : [])],
        ...[...made, expires ? '1d' : 'never'],
      ])
      const listed = call(['--with-colons', '--list-keys', `${name}@test`]).toString()
      return /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? ''
    },
    publicKey: (fingerprint) => {
      const path = join(home, `${fingerprint}.gpg`)
      writeFileSync(path, call(['--export', fingerprint]))
      execFileSync('chmod', ['755', home])
      return path
    },
    sign: (fingerprint, payload, options = []) =>
      call([...options, '--local-user', fingerprint, '--sign'], payload),
    revoke: (fingerprint) => {
      const prepared = readFileSync(join(home, `openpgp-revocs.d/${fingerprint}.rev`), 'utf8')
      call(['--import'], prepared.replace(/^:/m, ''))
    },
    stop: () => execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']),
  }
}

/** What a simple signature says of an image. */
export const payloadOf = (
  digest: string,
  reference: string,
  type = 'atomic container signature',
) => ({
  critical: {
    type,
    image: { 'docker-manifest-digest': digest },
    identity: { 'docker-reference': reference },
  },
  optional: { creator: 'a test', timestamp: 1704067200 },
})

/** A lookaside storage in a directory, and the registries.d that leads to it. */
export interface Lookaside {
  directory: string
  registriesD: string
  put: (repository: string, digest: string, number: number, signature: Buffer) => void
  get: (repository: string, digest: string, number: number) => Buffer
}

export function makeLookaside(registry: string): Lookaside {
  const work = mkdtempSync(join(inject('work'), 'lookaside-'))
  const directory = join(work, 'signatures')
  const registriesD = join(work, 'registries.d')
  mkdirSync(directory)
  mkdirSync(registriesD)
  execFileSync('chmod', ['755', work])
  writeFileSync(
    join(registriesD, 'test.yaml'),
    `docker:\n  ${registry}:\n    lookaside: file://${directory}\n    use-sigstore-attachments: true\n`,
  )
  const place = (repository: string, digest: string) =>
    join(directory, `${repository}@${digest.replace(':', '=')}`)
  return {
    directory,
    registriesD,
    put: (repository, digest, number, signature) => {
      mkdirSync(place(repository, digest), { recursive: true })
      writeFileSync(join(place(repository, digest), `signature-${number}`), signature)
    },
    get: (repository, digest, number) =>
      readFileSync(join(place(repository, digest), `signature-${number}`)),
  }
}
