import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allCredentialsIn, credentialsIn, parseAuth } from '../../../api/images/credentials.ts'

let dockerConfig: string

beforeAll(() => {
  dockerConfig = mkdtempSync(join(tmpdir(), 'lighter-credentials-'))
  const auth = Buffer.from('mirror:own').toString('base64')
  const auths = { 'mirror.example': { auth }, 'registry.example': { auth } }
  writeFileSync(join(dockerConfig, 'config.json'), JSON.stringify({ auths }))
})
afterAll(() => rmSync(dockerConfig, { recursive: true }))

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const given = { username: 'user', password: 'pass' }
const known = { kind: 'password', username: 'user', password: 'pass' }

describe('of one registry', () => {
  const find = (header: string | undefined, registry = 'registry.example') =>
    credentialsIn(header === undefined ? {} : { 'x-registry-auth': header }, registry, {
      dockerConfig,
    })

  test('no header leaves it to the user, one that says nothing is nobody', async () => {
    expect(find(undefined)).toBeUndefined()
    expect(find('')).toBeUndefined()
    for (const header of [encoded({}), encoded([1]), encoded(null), '%%%', 'e30'])
      expect(await find(header)?.('registry.example')).toBeUndefined()
  })

  test('are for that registry alone; its mirrors get what the user has for them', async () => {
    const credentials = find(encoded(given))
    expect(await credentials?.('registry.example')).toEqual(known)
    expect(await credentials?.('mirror.example')).toEqual({
      kind: 'password',
      username: 'mirror',
      password: 'own',
    })
    expect(await credentials?.('evil.example')).toBeUndefined()
  })

  test('of Docker’s own registry, however it is called', async () => {
    for (const name of ['docker.io', 'registry-1.docker.io', 'index.docker.io'])
      expect(await find(encoded(given), 'docker.io')?.(name)).toEqual(known)
  })
})

test('of several registries, by their names', async () => {
  const config = {
    'https://index.docker.io/v1/': { auth: Buffer.from('hub:a:b').toString('base64') },
    'http://registry.example/v2/': given,
    broken: 7,
  }
  const find = allCredentialsIn({ 'x-registry-config': encoded(config) })
  expect(await find?.('docker.io')).toEqual({ kind: 'password', username: 'hub', password: 'a:b' })
  expect(await find?.('registry.example')).toEqual(known)
  // Not from the user's configuration either: the client has said what there is.
  expect(await find?.('mirror.example')).toBeUndefined()
  expect(allCredentialsIn({})).toBeUndefined()
})

test.each([
  [{ identitytoken: 'a b' }, { kind: 'identity-token', token: 'a b' }],
  [
    { ...given, registrytoken: 'abc' },
    { kind: 'registry-token', token: 'abc' },
  ],
  // It would go into a header.
  [{ registrytoken: 'a\r\nb: c' }, undefined],
  [{ username: 'user' }, undefined],
  [{ username: '', password: 'x' }, undefined],
  [{ auth: Buffer.from('no colon').toString('base64') }, undefined],
  ['text', undefined],
])('%j', (document, expected) => {
  expect(parseAuth(document)).toEqual(expected)
})
