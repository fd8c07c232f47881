import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeImageLayouts } from '../fixtures/images.ts'
import { writeAs } from '../helpers/registries.ts'
import { type Registry, startRegistry } from '../helpers/registry.ts'
import {
  type Gpg,
  type Lookaside,
  longAgo,
  makeLookaside,
  payloadOf,
  startGpg,
} from '../helpers/signatures.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Signature policies, and whether they let images in: lighter and skopeo, which share the format, must agree. */
let world: World
let registry: Registry
let gpg: Gpg
let lookaside: Lookaside
let directory: string
let host: string
/** Of the one manifest that all images have but `list`. */
let digest: string
/** Files with public keys. */
const keys: Record<string, string> = {}

const layouts = makeImageLayouts(join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test'))

function copy(reference: string, options: string[] = [], layout = 'busybox'): string {
  const path = join(directory, 'digest')
  execFileSync(
    'skopeo',
    [
      ...['--registries.d', lookaside.registriesD, '--insecure-policy', 'copy', '--quiet'],
      ...['--dest-tls-verify=false', '--digestfile', path, ...options],
      ...[`oci:${layouts[layout]}:latest`, `docker://${host}/${reference}`],
    ],
    { env: { ...process.env, GNUPGHOME: gpg.home }, stdio: ['ignore', 'ignore', 'inherit'] },
  )
  return readFileSync(path, 'utf8').trim()
}

/** An image with one signature of our own making. */
function craft(name: string, signature: (payload: object) => Buffer, signedAs = `${name}:1`): void {
  copy(`${name}:1`)
  lookaside.put(name, digest, 1, signature(payloadOf(digest, `${host}/${signedAs}`)))
}

beforeAll(async () => {
  world = makeWorld('policy')
  directory = mkdtempSync(join(inject('work'), 'policy-'))
  registry = await startRegistry(mkdtempSync(join(directory, 'registry-')))
  host = registry.host
  gpg = startGpg()
  lookaside = makeLookaside(host)
  const fingerprints = {
    rsa: gpg.makeKey('rsa', 'rsa2048'),
    ed: gpg.makeKey('ed', 'ed25519'),
    old: gpg.makeKey('old', 'rsa2048', true),
    revoked: gpg.makeKey('revoked', 'ed25519'),
  }
  digest = copy('plain:1')
  copy('ns/app:1')
  copy('rsa:1', ['--sign-by', fingerprints.rsa])
  copy('rsa:2')
  copy('ed:1', ['--sign-by', fingerprints.ed])
  copy('both:1', ['--sign-by', fingerprints.ed])
  lookaside.put('both', digest, 2, lookaside.get('both', digest, 1))
  const both = JSON.stringify(payloadOf(digest, `${host}/both:1`))
  lookaside.put('both', digest, 1, gpg.sign(fingerprints.rsa, both))
  copy('list:1', ['--all', '--sign-by', fingerprints.rsa], 'busybox-multi')
  const index = copy('index:1', ['--all'], 'busybox-multi')
  const signed = JSON.stringify(payloadOf(index, `${host}/index:1`))
  lookaside.put('index', index, 1, gpg.sign(fingerprints.rsa, signed))

  const signing = (name: keyof typeof fingerprints, options?: string[]) => (payload: object) =>
    gpg.sign(fingerprints[name], JSON.stringify(payload), options)
  const byRsa = signing('rsa')
  craft('old', signing('old', longAgo))
  craft('revoked', signing('revoked'))
  craft('stale', signing('rsa', ['--default-sig-expire', 'seconds=1']))
  craft('text', signing('rsa', ['--textmode']))
  craft('unsigned', (payload) => gpg.call(['--store'], JSON.stringify(payload)))
  craft('cleartext', (payload) =>
    gpg.call(['--local-user', fingerprints.rsa, '--clear-sign'], JSON.stringify(payload)),
  )
  craft('twice', (payload) =>
    gpg.call(
      ['--local-user', fingerprints.rsa, '--local-user', fingerprints.ed, '--sign'],
      JSON.stringify(payload),
    ),
  )
  craft('spoiled', (payload) => {
    const bytes = gpg.sign(fingerprints.rsa, JSON.stringify(payload), ['--compress-level', '0'])
    bytes[60] = (bytes[60] ?? 0) ^ 1
    return bytes
  })
  craft('cut', (payload) => byRsa(payload).subarray(0, 100))
  craft('other-digest', () =>
    byRsa(payloadOf(`sha256:${'0'.repeat(64)}`, `${host}/other-digest:1`)),
  )
  craft('other-type', () => byRsa(payloadOf(digest, `${host}/other-type:1`, 'a letter')))
  craft('more', (payload) => byRsa({ ...payload, more: {} }))
  craft('optional', (payload) => byRsa({ ...payload, optional: { unheard: ['of'] } }))
  craft('duplicate', (payload) =>
    gpg.sign(fingerprints.rsa, JSON.stringify(payload).replace('{', '{"critical":{},')),
  )
  craft('renamed', byRsa, 'other:1')
  copy('mirrored/app:1')
  const elsewhere = JSON.stringify(payloadOf(digest, 'signed.example/vendor/app:1'))
  lookaside.put('mirrored/app', digest, 1, gpg.sign(fingerprints.rsa, elsewhere))

  gpg.revoke(fingerprints.revoked)
  for (const [name, fingerprint] of Object.entries(fingerprints))
    keys[name] = gpg.publicKey(fingerprint)
  execFileSync('chmod', ['-R', 'a+rX', lookaside.directory])
})

afterAll(async () => {
  gpg?.stop()
  await registry?.stop()
  await world?.remove()
})

type Requirements = Record<string, unknown>[]

const accept = { type: 'insecureAcceptAnything' }
const reject = { type: 'reject' }
const by = (key: string, signedIdentity?: object) => ({
  ...{ type: 'signedBy', keyType: 'GPGKeys', keyPath: `KEY:${key}` },
  ...(signedIdentity ? { signedIdentity } : {}),
})
const all = (...requirements: Requirements) => ({ default: requirements })
const scoped = (scopes: Record<string, Requirements>, other = reject) => ({
  default: [other],
  transports: { docker: scopes },
})
const same = (type: string, more: object = {}) => by('rsa', { type, ...more })

/** `HOST`, `DIGEST` and `KEY:name` stand for what is known only once everything runs. */
const cases: [what: string, image: string, policy: unknown, accepted: boolean][] = [
  ['everything is let in', 'plain:1', all(accept), true],
  ['nothing is let in', 'plain:1', all(reject), false],
  ['the default of a transport', 'plain:1', scoped({ '': [reject] }, accept), false],
  ['a registry', 'plain:1', scoped({ HOST: [accept] }), true],
  ['a namespace', 'ns/app:1', scoped({ 'HOST/ns': [accept] }), true],
  ['a part of a name', 'ns/app:1', scoped({ 'HOST/n': [accept] }), false],
  ['a repository', 'ns/app:1', scoped({ 'HOST/ns/app': [accept] }), true],
  ['another repository', 'plain:1', scoped({ 'HOST/ns/app': [accept] }), false],
  ['a tag', 'plain:1', scoped({ 'HOST/plain:1': [accept] }), true],
  ['another tag', 'plain:1', scoped({ 'HOST/plain:2': [accept] }), false],
  ['a digest', 'plain@DIGEST', scoped({ 'HOST/plain@DIGEST': [accept] }), true],
  ['a digest, by tag', 'plain:1', scoped({ 'HOST/plain@DIGEST': [accept] }), false],
  ['a domain', 'plain:1', scoped({ '*.0.0.1': [accept] }), true],
  ['another domain', 'plain:1', scoped({ '*.example': [accept] }), false],
  [
    'the closest scope',
    'ns/app:1',
    scoped({ HOST: [accept], 'HOST/ns': [reject], 'HOST/ns/app:2': [accept] }),
    false,
  ],
  ['all requirements', 'plain:1', all(accept, reject), false],
  ['no signature', 'plain:1', all(by('rsa')), false],
  ['a signature', 'rsa:1', all(by('rsa')), true],
  ['a signature of somebody else', 'rsa:1', all(by('ed')), false],
  ['Ed25519', 'ed:1', all(by('ed')), true],
  [
    'one of several keys',
    'rsa:1',
    all({ ...by('x'), keyPath: undefined, keyPaths: ['KEY:ed', 'KEY:rsa'] }),
    true,
  ],
  [
    'a key in the policy',
    'rsa:1',
    all({ ...by('x'), keyPath: undefined, keyData: 'DATA:rsa' }),
    true,
  ],
  ['two signers, one has signed', 'rsa:1', all(by('rsa'), by('ed')), false],
  ['two signers, both have signed', 'both:1', all(by('rsa'), by('ed')), true],
  ['the second signature', 'both:1', all(by('ed')), true],
  ['text mode', 'text:1', all(by('rsa')), true],
  ['an expired key', 'old:1', all(by('old')), false],
  ['a revoked key', 'revoked:1', all(by('revoked')), false],
  ['an expired signature', 'stale:1', all(by('rsa')), false],
  ['a message without a signature', 'unsigned:1', all(by('rsa')), false],
  ['a text with its signature below', 'cleartext:1', all(by('rsa')), false],
  ['a message with two', 'twice:1', all(by('rsa')), false],
  ['another bit', 'spoiled:1', all(by('rsa')), false],
  ['half a signature', 'cut:1', all(by('rsa')), false],
  ['another digest', 'other-digest:1', all(by('rsa')), false],
  ['another type', 'other-type:1', all(by('rsa')), false],
  ['an unknown member', 'more:1', all(by('rsa')), false],
  ['an optional member', 'optional:1', all(by('rsa')), true],
  ['a member twice', 'duplicate:1', all(by('rsa')), false],
  ['the platform of a signed list', 'list:1', all(by('rsa')), true],
  ['only the list is signed', 'index:1', all(by('rsa')), false],
  ['another name', 'renamed:1', all(by('rsa')), false],
  [
    'exactReference',
    'renamed:1',
    all(same('exactReference', { dockerReference: 'HOST/other:1' })),
    true,
  ],
  [
    'exactReference, another',
    'renamed:1',
    all(same('exactReference', { dockerReference: 'HOST/other:2' })),
    false,
  ],
  [
    'exactRepository',
    'renamed:1',
    all(same('exactRepository', { dockerRepository: 'HOST/other' })),
    true,
  ],
  [
    'exactRepository, another',
    'renamed:1',
    all(same('exactRepository', { dockerRepository: 'HOST/x' })),
    false,
  ],
  ['another tag', 'rsa:2', all(by('rsa')), false],
  ['matchRepository', 'rsa:2', all(same('matchRepository')), true],
  ['matchExact', 'rsa:1', all(same('matchExact')), true],
  ['matchExact by digest', 'rsa@DIGEST', all(same('matchExact')), false],
  ['matchRepoDigestOrExact by digest', 'rsa@DIGEST', all(same('matchRepoDigestOrExact')), true],
  [
    'remapIdentity',
    'mirrored/app:1',
    all(same('remapIdentity', { prefix: 'HOST/mirrored', signedPrefix: 'signed.example/vendor' })),
    true,
  ],
  [
    'remapIdentity of another prefix',
    'mirrored/app:1',
    all(same('remapIdentity', { prefix: 'HOST/mirror', signedPrefix: 'signed.example/vendor' })),
    false,
  ],
  ['a key file that is missing', 'rsa:1', all({ ...by('x'), keyPath: '/nosuch/key' }), false],
  ['a key file without keys', 'rsa:1', all({ ...by('x'), keyPath: '/etc/hostname' }), false],
  ['two sources of keys', 'rsa:1', all({ ...by('rsa'), keyData: 'DATA:rsa' }), false],
  ['certificates', 'rsa:1', all({ ...by('rsa'), keyType: 'X509Certificates' }), false],
  ['an unknown requirement', 'rsa:1', all({ type: 'signedByAnybody' }), false],
  ['an unknown member of a requirement', 'rsa:1', all({ ...accept, more: 1 }), false],
  ['an unknown member', 'rsa:1', { ...all(accept), more: 1 }, false],
  ['no requirement at all', 'rsa:1', all(), false],
  ['no default', 'rsa:1', { transports: { docker: { '': [accept] } } }, false],
  ['an unknown identity', 'rsa:1', all(same('matchAnything')), false],
  ['no JSON', 'rsa:1', '{"default":[{"type":"insecureAcceptAnything"}]', false],
  [
    'twice the same',
    'rsa:1',
    '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}',
    false,
  ],
]

function textOf(policy: unknown): string {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy)
  return text
    .replaceAll('HOST', host)
    .replaceAll('DIGEST', digest)
    .replace(/KEY:(\w+)/g, (_, name: string) => keys[name] ?? '')
    .replace(/DATA:(\w+)/g, (_, name: string) => readFileSync(keys[name] ?? '').toString('base64'))
}

/** Both as the same directory of settings tells them. */
function skopeo(config: string, image: string): Promise<number> {
  return new Promise((resolve) => {
    execFile(
      'skopeo',
      [
        ...['--registries.d', lookaside.registriesD, '--policy', join(config, 'policy.json')],
        ...['copy', '--quiet', '--src-tls-verify=false'],
        ...[`docker://${image}`, `dir:${mkdtempSync(join(directory, 'copy-'))}`],
      ],
      (error) => resolve(error ? 1 : 0),
    )
  })
}

test.concurrent.each(cases)('%s: %s', async (what, name, policy, accepted) => {
  const image = `${host}/${name.replace('DIGEST', digest)}`
  const home = join(world.home, what)
  const config = join(home, 'containers')
  writeAs(world.ids, join(config, 'policy.json'), textOf(policy))
  const sections = readFileSync(join(lookaside.registriesD, 'test.yaml'))
  writeAs(world.ids, join(config, 'registries.d/test.yaml'), sections)
  execFileSync('chown', [`${world.ids.uid}`, home])
  const [theirs, ours] = await Promise.all([
    skopeo(config, image),
    world.lighter(['pull', '--quiet', image], { env: { XDG_CONFIG_HOME: home } }),
  ])
  expect({ theirs, ours: ours.exitCode }, ours.stderr).toEqual(
    accepted ? { theirs: 0, ours: 0 } : { theirs: 1, ours: 1 },
  )
  if (!accepted) expect(ours.stderr).toMatch(/signature policy|policy\.json/)
})
