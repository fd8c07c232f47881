import type { KeyObject } from 'node:crypto'
import { LighterError } from '../core/errors.ts'
import { lazyCrypto } from '../core/lazy.ts'

const MIN_RSA_BITS = 2048
const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/** Public keys in PEM, one a file. Throws `host-setup` for anything else, and for keys that are too weak. */
export function readPublicKeys(files: readonly Buffer[]): KeyObject[] {
  return files.map((bytes) => {
    const text = bytes.toString('latin1').trim()
    // Of a private key or a certificate the library would make a public key, too.
    if (!/^-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----$/.test(text)) throw noKey()
    let key: KeyObject
    try {
      key = lazyCrypto().createPublicKey(text)
    } catch (error) {
      throw noKey(error)
    }
    if (!isStrong(key)) throw noKey()
    return key
  })
}

function noKey(cause?: unknown): LighterError {
  const message = 'signature policy: a key for sigstore signatures is no public key in PEM'
  return new LighterError('host-setup', message, { cause })
}

function isStrong({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === 'ec') return CURVES.has(details?.namedCurve)
  if (type === 'rsa') return (details?.modulusLength ?? 0) >= MIN_RSA_BITS
  return type === 'ed25519'
}

/** Whether one of the keys made this signature, in base64, of the payload. The first that did; `undefined` when none did. */
export function findSigningKey(
  payload: Buffer,
  signature: string,
  keys: readonly KeyObject[],
): KeyObject | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature) || signature.length % 4 !== 0) return undefined
  const bytes = Buffer.from(signature, 'base64')
  const { verify } = lazyCrypto()
  return keys.find((key) =>
    // Ed25519 hashes by itself.
    verify(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', payload, key, bytes),
  )
}

/** The fingerprint by which people tell keys: SHA-256 of the key itself. */
export const keyFingerprint = (key: KeyObject): string =>
  lazyCrypto()
    .createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
