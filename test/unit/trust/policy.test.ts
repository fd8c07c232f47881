import { describe, expect, test } from 'vitest'
import { LighterError } from '../../../lib/core/errors.ts'
import { parseReference } from '../../../lib/oci/reference.ts'
import { parsePolicy } from '../../../lib/trust/policy.ts'
import { archiveOrigin, findRule, registryOrigin } from '../../../lib/trust/scopes.ts'

const accept = { type: 'insecureAcceptAnything' }
const reject = { type: 'reject' }
const signedBy = { type: 'signedBy', keyType: 'GPGKeys', keyPath: '/k' }
const sigstore = { type: 'sigstoreSigned', keyPath: '/k' }
const parse = (value: unknown) => parsePolicy(JSON.stringify(value), '/p')
const only = (requirement: unknown) => parse({ default: [requirement] }).standard[0]
const PATH = '/k'
const keys = { paths: [PATH], data: [] }
const usual = { type: 'matchRepoDigestOrExact' }

describe('a requirement', () => {
  test.each([
    [accept, accept],
    [reject, reject],
    [signedBy, { type: 'signedBy', keys, identity: usual }],
    [
      { type: 'signedBy', keyType: 'GPGKeys', keyPaths: ['/a', '/b'] },
      { type: 'signedBy', keys: { paths: ['/a', '/b'], data: [] }, identity: usual },
    ],
    [
      { type: 'signedBy', keyType: 'GPGKeys', keyData: 'aGk=' },
      { type: 'signedBy', keys: { paths: [], data: [Buffer.from('hi')] }, identity: usual },
    ],
    [sigstore, { type: 'sigstoreSigned', keys, identity: usual }],
    [
      { type: 'sigstoreSigned', keyDatas: ['aGk=', 'aG8='] },
      {
        type: 'sigstoreSigned',
        keys: { paths: [], data: [Buffer.from('hi'), Buffer.from('ho')] },
        identity: usual,
      },
    ],
    [
      {
        ...signedBy,
        signedIdentity: { type: 'remapIdentity', prefix: 'a.b:1', signedPrefix: 'c.d/e' },
      },
      {
        type: 'signedBy',
        keys,
        identity: { type: 'remapIdentity', prefix: 'a.b:1', signedPrefix: 'c.d/e' },
      },
    ],
    [
      { type: 'signedBaseLayer', baseLayerIdentity: { type: 'matchExact' } },
      { type: 'unsupported', what: '"signedBaseLayer"' },
    ],
    [
      { ...signedBy, keyType: 'X509Certificates' },
      { type: 'unsupported', what: 'keyType "X509Certificates"' },
    ],
    [
      { type: 'sigstoreSigned', fulcio: { caPath: '/c', oidcIssuer: 'i', subjectEmail: 's' } },
      { type: 'unsupported', what: '"sigstoreSigned" with "fulcio"' },
    ],
    [
      { type: 'sigstoreSigned', pki: { caRootsPath: '/c', subjectEmail: 's' } },
      { type: 'unsupported', what: '"sigstoreSigned" with "pki"' },
    ],
    [
      { ...sigstore, rekorPublicKeyPath: '/r' },
      { type: 'unsupported', what: '"sigstoreSigned" with "rekorPublicKeyPath"' },
    ],
  ])('%j', (value, expected) => {
    expect(only(value)).toEqual(expected)
  })

  test.each([
    [{}],
    ['reject'],
    [null],
    [{ ...accept, keyPath: '/k' }],
    [{ type: 'Reject' }],
    [{ type: 'signedBy', keyPath: '/k' }],
    [{ ...signedBy, keyType: 'gpg' }],
    [{ ...signedBy, keyPath: '' }],
    [{ ...signedBy, keyPath: 1 }],
    [{ ...signedBy, keyData: 'aGk=' }],
    [{ type: 'signedBy', keyType: 'GPGKeys' }],
    [{ type: 'signedBy', keyType: 'GPGKeys', keyPaths: [] }],
    [{ type: 'signedBy', keyType: 'GPGKeys', keyPaths: '/k' }],
    [{ type: 'signedBy', keyType: 'GPGKeys', keyData: 'a k' }],
    [{ ...signedBy, signedIdentity: null }],
    [{ ...signedBy, signedIdentity: { type: 'matchExact', more: 1 } }],
    [{ ...signedBy, signedIdentity: { type: 'exactReference' } }],
    [{ ...signedBy, signedIdentity: { type: 'exactReference', dockerReference: 'a' } }],
    [{ ...signedBy, signedIdentity: { type: 'exactReference', dockerReference: 'A:1' } }],
    [
      {
        ...signedBy,
        signedIdentity: { type: 'remapIdentity', prefix: 'a/b:1', signedPrefix: 'c' },
      },
    ],
    [{ ...signedBy, signedIdentity: { type: 'remapIdentity', prefix: 'a' } }],
    [{ type: 'sigstoreSigned' }],
    [{ ...sigstore, keyData: 'aGk=' }],
    [{ ...sigstore, fulcio: { caPath: '/c' } }],
    [{ type: 'sigstoreSigned', fulcio: { caPaht: '/c' } }],
    [{ ...sigstore, rekorPublicKeyDatas: [] }],
  ])('%j is refused', (value) => {
    expect(() => only(value)).toThrow(LighterError)
    expect(() => only(value)).toThrow(/^invalid signature policy in \/p: /)
  })
})

describe('a policy', () => {
  test.each([
    [[]],
    [{}],
    [{ default: [] }],
    [{ default: accept }],
    [{ default: [accept], Default: [reject] }],
    [{ default: [accept], transports: [] }],
    [{ default: [accept], transports: { docker: [accept] } }],
    [{ default: [accept], transports: { docker: { a: [] } } }],
    [{ default: [accept], transports: { 'docker-archive': { '/a': [accept] } } }],
    [{ default: [accept], transports: { 'oci-archive': { a: [accept] } } }],
    [{ default: [accept], transports: { oci: { '/': [accept] } } }],
    [{ default: [accept], transports: { oci: { '/a/../b': [accept] } } }],
  ])('%j is refused', (value) => {
    expect(() => parse(value)).toThrow(/^invalid signature policy in \/p: /)
  })

  test.each([
    '{"default":[{"type":"reject"}],"default":[{"type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"reject","type":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"reject","t\\u0079pe":"insecureAcceptAnything"}]}',
    '{"default":[{"type":"reject"}],"transports":{"docker":{"a":[{"type":"reject"}],"a":[{"type":"reject"}]}}}',
  ])('what it says twice is refused: %s', (text) => {
    expect(() => parsePolicy(text, '/p')).toThrow('is said twice')
  })

  test('braces and colons in texts are no structure', () => {
    const text =
      '{"default":[{"type":"reject"}],"transports":{"a\\"}:{":{"{\\"b\\":[":[{"type":"reject"}]}}}'
    expect(parsePolicy(text, '/p').transports.get('a"}:{')?.has('{"b":[')).toBe(true)
  })
})

describe('the closest scope counts', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  const scopes = (text: string) => registryOrigin(parseReference(text)).scopes

  test('of an image in a registry', () => {
    expect(scopes('debian:12')).toEqual([
      'docker.io/library/debian:12',
      'docker.io/library/debian',
      'docker.io/library',
      'docker.io',
      '*.io',
    ])
    expect(scopes(`r.a.example:5000/x@${digest}`)).toEqual([
      `r.a.example:5000/x@${digest}`,
      'r.a.example:5000/x',
      'r.a.example:5000',
      '*.a.example',
      '*.example',
    ])
    expect(scopes('localhost/x:1')).toEqual(['localhost/x:1', 'localhost/x', 'localhost'])
  })

  test('of an archive', () => {
    expect(archiveOrigin('oci-archive', '/a/b.tar').scopes).toEqual(['/a/b.tar', '/a'])
    expect(archiveOrigin('oci-archive', undefined).scopes).toEqual([])
    expect(archiveOrigin('docker-archive', '/a/b.tar').scopes).toEqual([])
  })

  const policy = parse({
    default: [reject],
    transports: {
      docker: { '': [accept], 'a.example': [signedBy], '*.example': [sigstore] },
      tarball: { '': [accept] },
    },
  })
  test.each([
    ['a.example/x', 'signedBy', 'a.example'],
    ['b.example/x', 'sigstoreSigned', '*.example'],
    ['b.a.example/x', 'sigstoreSigned', '*.example'],
    ['debian', 'insecureAcceptAnything', undefined],
  ])('%s', (text, type, scope) => {
    const found = findRule(policy, registryOrigin(parseReference(text)))
    expect([found.requirements[0]?.type, found.scope]).toEqual([type, scope])
  })

  test('else that of the transport, else that of all', () => {
    expect(findRule(policy, archiveOrigin('tarball', '/a')).requirements).toEqual([accept])
    expect(findRule(policy, archiveOrigin('oci-archive', '/a')).requirements).toEqual([reject])
  })
})
