import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { findSigningKey, readPublicKeys } from '../../../lib/trust/sigstore.ts'

const p256 = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const other = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const open = { type: 'spki', format: 'pem' } as const
const pem = p256.publicKey.export(open).toString()
const read = (...texts: string[]) => readPublicKeys(texts.map((text) => Buffer.from(text)))

describe('a file with a public key', () => {
  test.each([
    ['nothing', ''],
    ['a private key', p256.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
    ['two keys', pem + pem],
    ['text before it', `key:\n${pem}`],
    ['half a key', pem.replace(/\n.{20}/, '\n')],
    ['a short RSA key', weak.publicKey.export(open).toString()],
    ['another curve', odd.publicKey.export(open).toString()],
  ])('%s is none', (_, text) => {
    expect(() => read(text)).toThrow('is no public key in PEM')
  })

  test('may end as it likes', () => {
    expect(read(`\n${pem}\n\n`, pem.trim())).toHaveLength(2)
  })
})

test('the key that has made a signature is found', () => {
  const payload = Buffer.from('payload')
  const signature = sign('sha256', payload, p256.privateKey).toString('base64')
  const keys = read(other.publicKey.export(open).toString(), pem)
  expect(findSigningKey(payload, signature, keys)).toBe(keys[1])
  expect(findSigningKey(Buffer.from('Payload'), signature, keys)).toBeUndefined()
  expect(findSigningKey(payload, signature, keys.slice(0, 1))).toBeUndefined()
  expect(findSigningKey(payload, signature, [])).toBeUndefined()
  for (const bad of ['', 'AAAA', `${signature}\n`, ` ${signature}`, signature.slice(0, -4)])
    expect(findSigningKey(payload, bad, keys)).toBeUndefined()
})
