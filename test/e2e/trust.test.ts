import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { startFront } from '../helpers/front.ts'
import { writeAs } from '../helpers/registries.ts'
import { type Registry, startRegistry } from '../helpers/registry.ts'
import {
  type Gpg,
  type Lookaside,
  makeLookaside,
  payloadOf,
  startGpg,
} from '../helpers/signatures.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const images = inject('registry')

let registry: Registry
let gpg: Gpg
let lookaside: Lookaside
let directory: string
let digest: string
let signer: string
let key: string
let world: World

function copy(reference: string, options: string[] = []): string {
  const path = join(directory, 'digest')
  execFileSync(
    'skopeo',
    [
      ...['--registries.d', lookaside.registriesD, '--insecure-policy', 'copy', '--quiet'],
      ...['--src-tls-verify=false', '--dest-tls-verify=false', '--digestfile', path, ...options],
      ...[`docker://${images}/busybox:latest`, `docker://${registry.host}/${reference}`],
    ],
    { env: { ...process.env, GNUPGHOME: gpg.home }, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  return readFileSync(path, 'utf8').trim()
}

beforeAll(async () => {
  directory = mkdtempSync(join(inject('work'), 'trust-'))
  registry = await startRegistry(mkdtempSync(join(directory, 'registry-')))
  gpg = startGpg()
  lookaside = makeLookaside(registry.host)
  signer = gpg.makeKey('signer', 'ed25519')
  digest = copy('plain:1')
  copy('signed:1', ['--sign-by', signer])
  execFileSync('chmod', ['-R', 'a+rX', directory, lookaside.directory])
})
afterAll(async () => {
  gpg?.stop()
  await registry?.stop()
})

beforeEach(() => {
  world = makeWorld('trust')
  key = join(world.home, 'key.gpg')
  writeAs(world.ids, join(world.home, 'x'), '')
  writeFileSync(key, readFileSync(gpg.publicKey(signer)))
  execFileSync('chown', [String(world.ids.uid), key])
  registriesD(readFileSync(join(lookaside.registriesD, 'test.yaml'), 'utf8'))
})
afterEach(() => world.remove())

const accept = { type: 'insecureAcceptAnything' }
const reject = { type: 'reject' }
const signed = () => ({ type: 'signedBy', keyType: 'GPGKeys', keyPath: key })
const policyPath = () => join(world.home, '.config/containers/policy.json')
const policy = (value: unknown) =>
  writeAs(world.ids, policyPath(), typeof value === 'string' ? value : JSON.stringify(value))
const docker = (scopes: Record<string, object[]>, other: object = accept) =>
  policy({ default: [other], transports: { docker: scopes } })
const registriesD = (text: string) =>
  writeAs(world.ids, join(world.home, '.config/containers/registries.d/test.yaml'), text)
const name = (reference: string) => `${registry.host}/${reference}`
const run = (image: string, env: Record<string, string> = {}) =>
  world.lighter(['run', '--rm', image, 'echo', 'ran'], { env })
const pull = (image: string) => world.lighter(['pull', '-q', image])
const ran = { exitCode: 0, stdout: 'ran\n', stderr: '' }

describe('run', () => {
  test('an image that the policy rejects is neither pulled nor run', async () => {
    docker({ [registry.host]: [signed()] })
    const { exitCode, stdout, stderr } = await run(name('plain:1'))
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toContain(
      `lighter: image ${name('plain:1')} is rejected by the signature policy in ${policyPath()}: a signature is required, but there is none.\n`,
    )
    expect((await world.lighter(['images', '-q'])).stdout).toBe('')
  })

  test('what is here is checked by the policy of now, under every name and by id', async () => {
    await pull(name('plain:1'))
    const id = (await world.lighter(['images', '-q', '--no-trunc'])).stdout.trim()
    await world.lighter(['tag', name('plain:1'), 'mine'])
    for (const image of [name('plain:1'), id, 'mine']) expect(await run(image)).toEqual(ran)
    docker({ [registry.host]: [reject] })
    for (const image of [
      name('plain:1'),
      `${name('plain')}@${digest}`,
      id,
      id.slice(7, 19),
      'mine',
    ]) {
      const { exitCode, stderr } = await run(image)
      expect({ image, exitCode }).toEqual({ image, exitCode: 125 })
      expect(stderr).toContain('is rejected by the signature policy')
    }
    expect((await world.lighter(['create', name('plain:1')])).exitCode).toBe(1)
    expect((await world.lighter(['ps', '-aq'])).stdout).toBe('')
  })

  test('what was made here is not asked where it comes from, but its name may be rejected', async () => {
    policy({ default: [reject] })
    expect((await run('lighter/hello')).exitCode).toBe(0)
    docker({ 'docker.io/lighter/hello': [reject] })
    const { exitCode, stderr } = await run('lighter/hello')
    expect(exitCode).toBe(125)
    expect(stderr).toContain('image docker.io/lighter/hello:latest is rejected')
  })

  test('what was verified needs no signature again until policy or key change', async () => {
    docker({ [registry.host]: [signed()] })
    expect(await pull(name('signed:1'))).toMatchObject({ exitCode: 0 })
    registriesD(`docker:\n  ${registry.host}: { lookaside: "http://127.0.0.1:1/" }\n`)
    expect(await run(name('signed:1'))).toEqual(ran)
    // The same by other words is another policy: it has to be verified, which cannot be done now.
    docker({ [registry.host]: [{ ...signed(), signedIdentity: { type: 'matchExact' } }] })
    expect((await run(name('signed:1'))).stderr).toContain('connection refused')
    docker({ [registry.host]: [signed()] })
    expect(await run(name('signed:1'))).toEqual(ran)
    writeFileSync(key, gpg.call(['--export', gpg.makeKey('other', 'ed25519')]))
    registriesD(readFileSync(join(lookaside.registriesD, 'test.yaml'), 'utf8'))
    expect((await run(name('signed:1'))).stderr).toContain('its signature does not count')
  })
})

describe('a policy', () => {
  test.each([
    ['{"default":[{"type":"insecureAcceptAnything"}],}', 'invalid signature policy in PATH: '],
    ['{"default":[{"type":"insecureAcceptAnything"}],"defualt":[]}', '"defualt"'],
    ['', 'invalid signature policy in PATH: '],
  ])('%s keeps everything out', async (text, words) => {
    await pull(name('plain:1'))
    await run('lighter/hello')
    const own = (await world.lighter(['images', '-q', 'lighter/hello'])).stdout.trim()
    policy(text)
    for (const outcome of [
      await pull(name('plain:1')),
      await run(name('plain:1')),
      await run(own),
    ]) {
      expect(outcome.exitCode).not.toBe(0)
      expect(outcome.stderr).toContain(words.replace('PATH', policyPath()))
    }
  })

  test('that cannot be read keeps everything out', async () => {
    policy({ default: [accept] })
    execFileSync('chown', ['0:0', policyPath()])
    expect((await pull(name('plain:1'))).stderr).toBe(
      `signature policy: open ${policyPath()}: permission denied\n`,
    )
    rmSync(policyPath())
    execFileSync('ln', ['-s', '/nosuch', policyPath()])
    expect((await pull(name('plain:1'))).stderr).toContain('no such file or directory')
  })

  test("of lighter's own comes first", async () => {
    policy({ default: [reject] })
    const own = join(world.home, '.config/lighter/policy.json')
    writeAs(world.ids, own, JSON.stringify({ default: [accept] }))
    expect((await pull(name('plain:1'))).exitCode).toBe(0)
  })

  test('that rejects a name spares the registry the question', async () => {
    const front = await startFront(registry.host, (_request, _response, forward) => forward())
    try {
      docker({ [front.host]: [reject] })
      expect((await pull(`${front.host}/plain:1`)).exitCode).toBe(1)
      expect(front.seen).toEqual([])
    } finally {
      await front.stop()
    }
  })
})

describe('archives', () => {
  test('load and import ask the rule of their kind', async () => {
    await pull(name('plain:1'))
    const archive = join(world.home, 'image.tar')
    const tree = join(world.home, 'tree.tar')
    await world.lighter(['save', '-o', archive, name('plain:1')])
    execFileSync('tar', ['-cf', tree, '-C', world.home, 'x'])
    const load = () => world.lighter(['load', '-q', '-i', archive])
    const bring = () => world.lighter(['import', tree])
    policy({ default: [reject] })
    for (const outcome of [await load(), await bring()]) {
      expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
      expect(outcome.stderr).toContain('is rejected by the signature policy')
    }
    policy({
      default: [reject],
      transports: {
        'docker-archive': { '': [accept] },
        'oci-archive': { [world.home]: [accept] },
        tarball: { '': [accept] },
      },
    })
    for (const outcome of [await load(), await bring()]) expect(outcome.exitCode).toBe(0)
    policy({ default: [accept], transports: { 'oci-archive': { [archive]: [reject] } } })
    expect((await load()).stderr).toContain(`the oci-archive ${archive} is rejected`)
    policy({ default: [signed()] })
    expect((await bring()).stderr).toContain('archives have none')
  })
})

/** Pushes what cosign would: a tag beside the image, with the payload as a layer. */
async function attach(repository: string, payload: Buffer, signature: string): Promise<void> {
  const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const put = async (mediaType: string, bytes: Buffer) => {
    const at = `http://${registry.host}/v2/${repository}/blobs/uploads/`
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
  const tag = `sha256-${digest.slice('sha256:'.length)}.sig`
  const { status } = await fetch(`http://${registry.host}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify(manifest),
  })
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
    const payload = Buffer.from(JSON.stringify(payloadOf(digest, name(`${repository}:1`), type)))
    const hash = kind === 'Ed25519' ? null : 'sha256'
    await attach(repository, payload, sign(hash, payload, privateKey).toString('base64'))
    writeFileSync(key, pem(publicKey))
    docker({ '': [{ type: 'sigstoreSigned', keyPath: key }] }, reject)
    expect(await pull(name(`${repository}:1`))).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await run(name(`${repository}:1`))).toEqual(ran)
    writeFileSync(key, pem(generate().publicKey))
    const { exitCode, stderr } = await pull(name(`${repository}:1`))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('its signature does not count: none of the keys has made it')
  })

  test('a signature counts for its digest, its name and as what it is', async () => {
    const { publicKey, privateKey } = kinds['ECDSA P-256']()
    writeFileSync(key, pem(publicKey))
    docker({ '': [{ type: 'sigstoreSigned', keyPath: key }] }, reject)
    const attempts: [repository: string, payload: object, words: string][] = [
      [
        'wrong/digest',
        payloadOf(`sha256:${'0'.repeat(64)}`, name('wrong/digest:1'), type),
        'it is for another image',
      ],
      ['wrong/name', payloadOf(digest, name('wrong/x:1'), type), 'it is for the name'],
      ['wrong/type', payloadOf(digest, name('wrong/type:1')), 'it is of the type'],
      ['wrong/member', { ...payloadOf(digest, name('x:1'), type), more: 1 }, 'unknown member'],
    ]
    for (const [repository, document, words] of attempts) {
      copy(`${repository}:1`)
      const payload = Buffer.from(JSON.stringify(document))
      await attach(repository, payload, sign('sha256', payload, privateKey).toString('base64'))
      expect((await pull(name(`${repository}:1`))).stderr).toContain(words)
    }
  })

  test('is not looked for where registries.d does not say so', async () => {
    writeFileSync(key, pem(kinds.RSA().publicKey))
    docker({ '': [{ type: 'sigstoreSigned', keyPath: key }] }, reject)
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
  const stored = () => lookaside.get('signed', digest, 1)

  test('has signatures below the name of the image', async () => {
    answer = (path) => (path.endsWith('-1') ? { status: 200, body: stored() } : { status: 404 })
    expect((await pull(name('signed:1'))).exitCode).toBe(0)
    const place = `/sigs/signed@sha256=${digest.slice(7)}`
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
    const bomb = gpg.sign(signer, ' '.repeat(4 * 1024 * 1024), ['--compress-algo', 'zlib'])
    answer = (path) => (path.endsWith('-1') ? { status: 200, body: bomb } : { status: 404 })
    expect((await pull(name('signed:1'))).stderr).toContain('its signature does not count')
  })
})

test('an image from a mirror is signed under its own name, where the mirror keeps signatures', async () => {
  copy('mirror/app:1')
  const own = '127.0.0.1:1/team/app:1'
  lookaside.put('mirror/app', digest, 1, gpg.sign(signer, JSON.stringify(payloadOf(digest, own))))
  execFileSync('chmod', ['-R', 'a+rX', lookaside.directory])
  const mirrors = `[[registry]]
prefix = "127.0.0.1:1/team"
location = "127.0.0.1:1/team"
mirror = [ { location = "${name('mirror')}" } ]
`
  writeAs(world.ids, join(world.home, '.config/containers/registries.conf'), mirrors)
  docker({ '127.0.0.1:1': [signed()] }, reject)
  expect(await pull(own)).toMatchObject({ exitCode: 0, stderr: '' })
  expect((await pull('127.0.0.1:1/team/nosuch:1')).exitCode).toBe(1)
  lookaside.put('mirror/app', digest, 1, gpg.sign(signer, JSON.stringify(payloadOf(digest, 'x:1'))))
  expect((await pull(own)).stderr).toContain('is rejected by the signature policy')
})

test('a signature by a subkey counts for its key', async () => {
  const fingerprint = gpg.makeKey('main', 'ed25519')
  gpg.call([
    ...['--passphrase', '', '--pinentry-mode', 'loopback'],
    ...['--quick-add-key', fingerprint, 'ed25519', 'sign', 'never'],
  ])
  copy('subkey:1')
  const payload = JSON.stringify(payloadOf(digest, name('subkey:1')))
  lookaside.put('subkey', digest, 1, gpg.sign(fingerprint, payload))
  execFileSync('chmod', ['-R', 'a+rX', lookaside.directory])
  writeFileSync(key, gpg.call(['--armor', '--export', fingerprint]))
  docker({ '': [signed()] })
  expect(await pull(name('subkey:1'))).toMatchObject({ exitCode: 0, stderr: '' })
})

test('a file may have several keys in armour, and words between them', async () => {
  const other = gpg.makeKey('another', 'rsa2048')
  const block = (fingerprint: string) => gpg.call(['--armor', '--export', fingerprint]).toString()
  writeFileSync(key, `Of ours:\n${block(other)}\nand theirs:\n${block(signer)}`)
  docker({ '': [signed()] })
  expect(await pull(name('signed:1'))).toMatchObject({ exitCode: 0, stderr: '' })
})

describe('content trust', () => {
  const on = { DOCKER_CONTENT_TRUST: '1' }
  const words = (image: string) =>
    `Error: remote trust data does not exist for ${name(image)}: no signature policy requires a signature of ${name(image)}`

  test('lets in what a policy requires to be signed, and nothing else', async () => {
    const refused = await world.lighter(['pull', name('signed:1')], { env: on })
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain(words('signed'))
    await pull(name('signed:1'))
    expect((await run(name('signed:1'), on)).exitCode).toBe(125)
    expect((await run(name('signed:1'), { DOCKER_CONTENT_TRUST: 'xyz' })).exitCode).toBe(125)
    expect(await run(name('signed:1'), { DOCKER_CONTENT_TRUST: '0' })).toEqual(ran)
    expect((await world.lighter(['create', name('signed:1')], { env: on })).stderr).toContain(
      words('signed'),
    )
    docker({ [registry.host]: [signed()] })
    expect(await run(name('signed:1'), on)).toEqual(ran)
  })

  test('asks nobody for what is named by its digest, or when it is disabled', async () => {
    const image = `${name('plain')}@${digest}`
    expect((await world.lighter(['pull', '-q', image], { env: on })).exitCode).toBe(0)
    expect(await run(image, on)).toEqual(ran)
    await pull(name('plain:1'))
    const args = ['run', '--rm', '--disable-content-trust', name('plain:1'), 'echo', 'ran']
    expect(await world.lighter(args, { env: on })).toEqual(ran)
    const off = await world.lighter(['run', '--disable-content-trust=false', name('plain:1')])
    expect(off.stderr).toContain(words('plain'))
  })

  test('pushes nothing that it would have to sign', async () => {
    await pull(name('plain:1'))
    await world.lighter(['tag', name('plain:1'), name('pushed:1')])
    const { exitCode, stderr } = await world.lighter(['push', name('pushed:1')], { env: on })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('lighter does not sign what it pushes')
    expect((await fetch(`http://${name('').slice(0, -1)}/v2/pushed/tags/list`)).status).toBe(404)
    const all = await world.lighter(['push', '-a', name('pushed')], { env: on })
    expect(all.exitCode).toBe(0)
    expect(all.stdout).toContain('No tag specified, skipping trust metadata push\n')
  })
})

describe('trust', () => {
  test('inspect shows who has signed', async () => {
    docker({ [registry.host]: [signed()] })
    const found = await world.lighter(['trust', 'inspect', name('signed'), name('plain:1')])
    expect(found.exitCode).toBe(1)
    expect(found.stderr).toBe(`no signatures or cannot access ${name('plain:1')}\n`)
    expect(JSON.parse(found.stdout)).toEqual([
      {
        Name: name('signed'),
        SignedTags: [
          { SignedTag: '1', Digest: digest.slice(7), Signers: ['signer <signer@test>'] },
        ],
        Signers: [{ Name: 'signer <signer@test>', Keys: [{ ID: signer.toLowerCase() }] }],
        AdministrativeKeys: [],
      },
    ])
    const pretty = await world.lighter(['trust', 'inspect', '--pretty', name('signed:1')])
    expect(pretty.stdout).toContain(`\nSignatures for ${name('signed:1')}\n`)
    expect(pretty.stdout).toContain(`1            ${digest.slice(7)}   signer <signer@test>\n`)
    expect(existsSync(join(world.data, 'blobs'))).toBe(false)
  })

  test('inspect finds nothing where nothing is required', async () => {
    const outcome = await world.lighter(['trust', 'inspect', name('signed:1')])
    expect(outcome).toEqual({
      exitCode: 1,
      stdout: '[]\n',
      stderr: `no signatures or cannot access ${name('signed:1')}\n`,
    })
  })

  test.each([
    [['sign', 'x'], 'no tag specified for x'],
    [['sign', `x@sha256:${'0'.repeat(64)}`], 'cannot use a digest reference for IMAGE:TAG'],
    [['sign', 'x:1'], 'failed to sign x:1: there is no trust server'],
    [['revoke', '-y', 'x:1'], 'could not remove signature for x:1: there is no trust data'],
    [['key', 'generate', 'Bob!'], 'key name "Bob!" must start with lowercase alphanumeric'],
    [['key', 'generate', 'bob'], 'failed to generate key for bob'],
    [['signer', 'add', 'bob', 'x'], 'path to a public key must be provided using the `--key` flag'],
    [['signer', 'remove', 'bob', 'x'], 'error removing signer from: x'],
  ])('%j says what there is not', async (args, words) => {
    const { exitCode, stdout, stderr } = await world.lighter(['trust', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr.startsWith(words)).toBe(true)
  })
})
