import { createPrivateKey, X509Certificate } from 'node:crypto'
import { refusal } from './host.ts'

/** The files of an endpoint, by their names; `ca.pem`, `cert.pem` and `key.pem` are what Docker's client looks for. */
export type TlsFiles = ReadonlyMap<string, Buffer>

interface PemBlock {
  type: string
  text: string
  isEncrypted: boolean
}

/** Throws `usage` with Docker's sentence for certificates and a key that no connection could be made with. */
export function checkTls(files: TlsFiles): void {
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map((name) => files.get(name))
  if (ca !== undefined && !readPem(ca).some(isCertificate)) throw bad('ca.pem seems invalid')
  if (cert !== undefined && key !== undefined) checkPair(readPem(cert), readPem(key))
}

const bad = (reason: string) => refusal(`failed to retrieve context tls info: ${reason}`)

function checkPair(certificates: PemBlock[], keys: PemBlock[]): void {
  if (!keys[0]) throw refusal('no valid private key found')
  if (keys[0].isEncrypted) {
    throw refusal(
      'private key is encrypted - support for encrypted private keys has been removed, see https://docs.docker.com/go/deprecated/',
    )
  }
  const certificate = certificates.find(({ type }) => type === 'CERTIFICATE')
  if (!certificate) throw bad(`tls: ${withoutCertificate(certificates)}`)
  const key = keys.find(({ type }) => type.endsWith('PRIVATE KEY'))
  if (!key) throw bad(`tls: ${withoutKey(keys)}`)
  const parsed = tryTo(() => new X509Certificate(certificate.text))
  if (!parsed) throw bad('x509: malformed certificate')
  const secret = tryTo(() => createPrivateKey(key.text))
  if (!secret) throw bad('tls: failed to parse private key')
  if (!parsed.checkPrivateKey(secret)) throw bad('tls: private key does not match public key')
}

function withoutCertificate(blocks: PemBlock[]): string {
  if (blocks.length === 0) return 'failed to find any PEM data in certificate input'
  if (blocks.length === 1 && blocks[0]?.type.endsWith('PRIVATE KEY')) {
    return 'failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
  }
  return `failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${types(blocks)}`
}

function withoutKey(blocks: PemBlock[]): string {
  if (blocks.length === 1 && blocks[0]?.type === 'CERTIFICATE') {
    return 'found a certificate rather than a key in the PEM for the private key'
  }
  return `failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${types(blocks)}`
}

const types = (blocks: PemBlock[]): string => `[${blocks.map(({ type }) => type).join(' ')}]`

const isCertificate = ({ type, text }: PemBlock): boolean =>
  type === 'CERTIFICATE' && tryTo(() => new X509Certificate(text)) !== undefined

function tryTo<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function readPem(bytes: Buffer): PemBlock[] {
  const found = bytes
    .toString('latin1')
    .matchAll(/^-----BEGIN ([^\r\n]*?)-----[ \t\r]*\n([\s\S]*?)^-----END \1-----/gm)
  return [...found].map(([text, type = '', body = '']) => ({
    type,
    text,
    isEncrypted: /^DEK-Info:/m.test(body),
  }))
}
