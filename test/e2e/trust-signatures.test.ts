import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeAs } from '../helpers/registries.ts'
import { payloadOf } from '../helpers/signatures.ts'
import { accept, ran, reject, SignedImages } from '../helpers/signed-images.ts'

const images = new SignedImages('signatures')
const { copy, signed, docker, registriesD, name, run, pull } = images

/** Pushes what cosign would: a tag beside the image, with the payload as a layer. */
async function attach(repository: string, payload: Buffer, signature: string): Promise<void> {
  const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const put = async (mediaType: string, bytes: Buffer) => {
    const at = `http://${images.registry.host}/v2/${repository}/blobs/uploads/`
    const { headers } = await fetch(at, { method: 'POST' })
    const url = new URL(headers.get('location') ?? '')
    url.searchParams.set('digest', digestOf(bytes))
    await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) })
    return { mediaType, digest: digestOf(bytes), size: bytes.length }
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const layer = await put('application/vnd.dev.cosign.simplesigning.v1+json', payload)
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: await put('application/vnd.oci.image.config.v1+json', Buffer.from('{}')),
    layers: [{ ...layer, annotations: { 'dev.cosignproject.cosign/signature': signature } }],
  }
  const tag = `sha256-${images.digest.slice('sha256:'.length)}.sig`
  const { status } = await fetch(
    `http://${images.registry.host}/v2/${repository}/manifests/${tag}`,
    {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body: JSON.stringify(manifest),
    },
  )
  expect(status).toBe(201)
}

describe('sigstore', () => {
  const type = 'cosign container image signature'
  const pem = (publicKey: KeyObject) => publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const kinds = {
    'ECDSA P-256': () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
    'ECDSA P-384': () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
    RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
    Ed25519: () => generateKeyPairSync('ed25519'),
  }

  test.each(Object.entries(kinds))('a signature with %s', async (kind, generate) => {
    const repository = `sigstore/${kind.toLowerCase().replace(/\W/g, '')}`
    copy(`${repository}:1`)
    const { publicKey, privateKey } = generate()
    const payload = Buffer.from(
      JSON.stringify(payloadOf(images.digest, name(`${repository}:1`), type)),
    )
    const hash = kind === 'Ed25519' ? null : 'sha256'
    await attach(repository, payload, sign(hash, payload, privateKey).toString('base64'))
    writeFileSync(images.key, pem(publicKey))
    docker({ '': [{ type: 'sigstoreSigned', keyPath: images.key }] }, reject)
    expect(await pull(name(`${repository}:1`))).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await run(name(`${repository}:1`))).toEqual(ran)
    writeFileSync(images.key, pem(generate().publicKey))
    const { exitCode, stderr } = await pull(name(`${repository}:1`))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('its signature does not count: none of the keys has made it')
  })

  test('a signature counts for its images.digest, its name and as what it is', async () => {
    const { publicKey, privateKey } = kinds['ECDSA P-256']()
    writeFileSync(images.key, pem(publicKey))
    docker({ '': [{ type: 'sigstoreSigned', keyPath: images.key }] }, reject)
    const attempts: [repository: string, payload: object, words: string][] = [
      [
        'wrong/digest',
        payloadOf(`sha256:${'0'.repeat(64)}`, name('wrong/digest:1'), type),
        'it is for another image',
      ],
      ['wrong/name', payloadOf(images.digest, name('wrong/x:1'), type), 'it is for the name'],
      ['wrong/type', payloadOf(images.digest, name('wrong/type:1')), 'it is of the type'],
      [
        'wrong/member',
        { ...payloadOf(images.digest, name('x:1'), type), more: 1 },
        'unknown member',
      ],
    ]
    for (const [repository, document, words] of attempts) {
      copy(`${repository}:1`)
      const payload = Buffer.from(JSON.stringify(document))
      await attach(repository, payload, sign('sha256', payload, privateKey).toString('base64'))
      expect((await pull(name(`${repository}:1`))).stderr).toContain(words)
    }
  })

  test('is not looked for where registries.d does not say so', async () => {
    writeFileSync(images.key, pem(kinds.RSA().publicKey))
    docker({ '': [{ type: 'sigstoreSigned', keyPath: images.key }] }, reject)
    registriesD('docker: {}\n')
    expect((await pull(name('plain:1'))).stderr).toContain('use-sigstore-attachments is not set')
  })

  test('with certificates is refused, not skipped', async () => {
    const fulcio = { caData: 'eA==', oidcIssuer: 'https://issuer.test', subjectEmail: 'a@b.test' }
    const requirement = { type: 'sigstoreSigned', fulcio, rekorPublicKeyData: 'eA==' }
    docker({ '': [accept, requirement] }, reject)
    expect((await pull(name('plain:1'))).stderr).toContain(
      'it requires "sigstoreSigned" with "fulcio", which lighter does not support',
    )
  })
})

describe('a lookaside server', () => {
  let server: Server
  let answer: (path: string) => { status: number; body?: Buffer; location?: string }
  let asked: string[]
  beforeEach(async () => {
    asked = []
    server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const { status, body, location } = answer(request.url ?? '')
      response.writeHead(status, location ? { location } : {}).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    registriesD(`default-docker: { lookaside: "http://127.0.0.1:${port}/sigs/" }\n`)
    docker({ '': [signed()] })
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))
  const stored = () => images.lookaside.get('signed', images.digest, 1)

  test('has signatures below the name of the image', async () => {
    answer = (path) => (path.endsWith('-1') ? { status: 200, body: stored() } : { status: 404 })
    expect((await pull(name('signed:1'))).exitCode).toBe(0)
    const place = `/sigs/signed@sha256=${images.digest.slice(7)}`
    expect(asked).toEqual([`${place}/signature-1`, `${place}/signature-2`])
  })

  test('may lead elsewhere', async () => {
    answer = (path) => {
      if (path === '/there') return { status: 200, body: stored() }
      return path.endsWith('-1') ? { status: 302, location: '/there' } : { status: 404 }
    }
    expect((await pull(name('signed:1'))).exitCode).toBe(0)
  })

  test.each([
    ['that fails', () => ({ status: 403 }), 'received unexpected HTTP status: 403'],
    [
      'that sends without end',
      () => ({ status: 200, body: Buffer.alloc(1024 * 1024 + 1) }),
      'answered with more than 1048576 bytes',
    ],
    [
      'that has a signature under every number',
      () => ({ status: 200, body: Buffer.from('x') }),
      'has too many signatures',
    ],
    ['that leads in circles', () => ({ status: 302, location: '/again' }), 'redirects too often'],
  ])('%s keeps the image out', async (_, given, words) => {
    answer = given
    const { exitCode, stderr } = await pull(name('signed:1'))
    expect(exitCode).toBe(1)
    expect(stderr).toContain(words)
  })

  test('a message that unpacks to too much does not count', async () => {
    const bomb = images.gpg.sign(images.signer, ' '.repeat(4 * 1024 * 1024), [
      '--compress-algo',
      'zlib',
    ])
    answer = (path) => (path.endsWith('-1') ? { status: 200, body: bomb } : { status: 404 })
    expect((await pull(name('signed:1'))).stderr).toContain('its signature does not count')
  })
})

test('an image from a mirror is signed under its own name, where the mirror keeps signatures', async () => {
  copy('mirror/app:1')
  const own = '127.0.0.1:1/team/app:1'
  images.lookaside.put(
    'mirror/app',
    images.digest,
    1,
    images.gpg.sign(images.signer, JSON.stringify(payloadOf(images.digest, own))),
  )
  execFileSync('chmod', ['-R', 'a+rX', images.lookaside.directory])
  const mirrors = `[[registry]]
prefix = "127.0.0.1:1/team"
location = "127.0.0.1:1/team"
mirror = [ { location = "${name('mirror')}" } ]
`
  writeAs(images.world.ids, join(images.world.home, '.config/containers/registries.conf'), mirrors)
  docker({ '127.0.0.1:1': [signed()] }, reject)
  expect(await pull(own)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await pull('127.0.0.1:1/team/nosuch:1')).exitCode).toBe(1)
  images.lookaside.put(
    'mirror/app',
    images.digest,
    1,
    images.gpg.sign(images.signer, JSON.stringify(payloadOf(images.digest, 'x:1'))),
  )
  expect((await pull(own)).stderr).toContain('is rejected by the signature policy')
})

test('a signature by a subkey counts for its key', async () => {
  const fingerprint = images.gpg.makeKey('main', 'ed25519')
  images.gpg.call([
    ...['--passphrase', '', '--pinentry-mode', 'loopback'],
    ...['--quick-add-key', fingerprint, 'ed25519', 'sign', 'never'],
  ])
  copy('subkey:1')
  const payload = JSON.stringify(payloadOf(images.digest, name('subkey:1')))
  images.lookaside.put('subkey', images.digest, 1, images.gpg.sign(fingerprint, payload))
  execFileSync('chmod', ['-R', 'a+rX', images.lookaside.directory])
  writeFileSync(images.key, images.gpg.call(['--armor', '--export', fingerprint]))
  docker({ '': [signed()] })
  expect(await pull(name('subkey:1'))).toMatchObject({ exitCode: 0, stderr: '' })
})

test('a file may have several keys in armour, and words between them', async () => {
  const other = images.gpg.makeKey('another', 'rsa2048')
  const block = (fingerprint: string) =>
    images.gpg.call(['--armor', '--export', fingerprint]).toString()
  writeFileSync(images.key, `Of ours:\n${block(other)}\nand theirs:\n${block(images.signer)}`)
  docker({ '': [signed()] })
  expect(await pull(name('signed:1'))).toMatchObject({ exitCode: 0, stderr: '' })
})
