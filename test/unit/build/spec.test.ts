import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { expandAttest, parseAttests } from '../../../lib/build/spec/attest.ts'
import { parseCacheSpec } from '../../../lib/build/spec/cache.ts'
import { checkTag, parseContexts } from '../../../lib/build/spec/contexts.ts'
import { parseHost } from '../../../lib/build/spec/hosts.ts'
import { checkAnnotation, checkEntitlement, parseNetwork } from '../../../lib/build/spec/network.ts'
import { parseBuildArgs, parseLabels } from '../../../lib/build/spec/pairs.ts'
import { parsePlatforms } from '../../../lib/build/spec/platforms.ts'
import { parseSecret } from '../../../lib/build/spec/secret.ts'
import { parseSsh } from '../../../lib/build/spec/ssh.ts'
import { formatPlatform, hostPlatform } from '../../../lib/oci/platform.ts'

const directory = mkdtempSync(join(tmpdir(), 'spec-'))
afterAll(() => rmSync(directory, { recursive: true }))
const file = join(directory, 'file')
writeFileSync(file, 'x')
const large = join(directory, 'large')
writeFileSync(large, Buffer.alloc(500 * 1024 + 1))

describe('secrets', () => {
  const environment = { TOKEN: 'x' }
  test.each([
    [`id=a,src=${file}`, { id: 'a', file }],
    [`id=a,source=${file}`, { id: 'a', file }],
    [`type=file,id=a,src=${file}`, { id: 'a', file }],
    ['id=a,env=TOKEN', { id: 'a', env: 'TOKEN' }],
    ['type=env,id=a,src=TOKEN', { id: 'a', env: 'TOKEN' }],
    ['id=TOKEN', { id: 'TOKEN', env: 'TOKEN' }],
    [`id=${file}`, { id: file, file }],
    [`"ID=a","src=${file}"`, { id: 'a', file }],
  ])('%s', (text, expected) => {
    expect(parseSecret(text, environment)).toEqual(expected)
  })

  test.each([
    ['', 'failed to parse csv secret: EOF'],
    [
      'a"b',
      'failed to parse csv secret: parse error on line 1, column 2: bare " in non-quoted-field',
    ],
    ['foo', "invalid field 'foo' must be a key=value pair"],
    ['id=a,type=zz', 'unsupported secret type "zz"'],
    ['id=a,zz=1', "unexpected key 'zz' in 'zz=1'"],
    ['env=HOME', 'secret missing ID'],
    ['id=a,src=/nosuch', 'failed to stat /nosuch: stat /nosuch: no such file or directory'],
    [`id=a,src=${large}`, 'secret a too big. max size 500KB'],
  ])('%s is refused', (text, message) => {
    expect(() => parseSecret(text, environment)).toThrow(message)
  })
})

describe('ssh', () => {
  const environment = { SSH_AUTH_SOCK: file }
  test.each([
    ['default', { id: 'default', paths: [file] }],
    [`a=${file},${large}`, { id: 'a', paths: [file, large] }],
  ])('%s', (text, expected) => {
    expect(parseSsh(text, environment)).toEqual(expected)
  })

  test('what is not there', () => {
    expect(() => parseSsh('default', {})).toThrow(
      'invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set',
    )
    expect(() => parseSsh('a=/nosuch', {})).toThrow('stat /nosuch: no such file or directory')
  })
})

describe('caches', () => {
  test.each([
    ['user/app:cache', { type: 'registry', attributes: { ref: 'user/app:cache' } }],
    ['type=local,SRC=a/b', { type: 'local', attributes: { src: 'a/b' } }],
    ['type=registry,"ref=a,b"', { type: 'registry', attributes: { ref: 'a,b' } }],
  ])('%s', (text, expected) => {
    expect(parseCacheSpec(text)).toEqual(expected)
  })

  test.each([
    ['type=foo,bar', 'invalid value bar'],
    ['a=b', 'type required form> "a=b"'],
  ])('%s is refused', (text, message) => {
    expect(() => parseCacheSpec(text)).toThrow(message)
  })
})

describe('attestations', () => {
  test.each([
    ['true', 'type=sbom,disabled=false'],
    ['0', 'type=sbom,disabled=true'],
    ['generator=x', 'type=sbom,generator=x'],
    ['', ''],
  ])('--sbom %s', (text, expected) => {
    expect(expandAttest('sbom', text)).toBe(expected)
  })

  test('all of a build', () => {
    expect(parseAttests(['type=provenance,mode=max', 'type=sbom,disabled=true'])).toEqual([
      { type: 'provenance', disabled: false, attributes: { mode: 'max' } },
      { type: 'sbom', disabled: true, attributes: {} },
    ])
  })

  test.each([
    [['foo'], 'invalid value foo'],
    [['a=b'], 'attestation type not specified'],
    [['type=foo'], 'unknown attestation type "foo"'],
    [
      ['type=sbom,disabled=x'],
      'invalid value disabled=x: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    [['type=sbom', 'type=sbom'], 'duplicate attestation field sbom'],
  ])('%s is refused', (texts, message) => {
    expect(() => parseAttests(texts)).toThrow(message)
  })
})

describe('pairs', () => {
  test('build arguments take what the caller has', () => {
    const texts = ['A=1', 'B', 'C', 'D=', 'E=a=b']
    expect(parseBuildArgs(texts, { B: '2' })).toEqual({ A: '1', B: '2', D: '', E: 'a=b' })
    expect(() => parseBuildArgs(['=x'], {})).toThrow('invalid key-value pair "=x": empty key')
  })

  test('labels are empty without a value', () => {
    expect(parseLabels(['a=1', 'b', 'a=2'])).toEqual({ a: '2', b: '' })
    expect(() => parseLabels([''])).toThrow('invalid key-value pair "": empty key')
  })
})

test('named contexts', () => {
  expect(parseContexts(['alpine=docker-image://alpine:3', 'src:latest=../x=y'])).toEqual({
    alpine: 'docker-image://alpine:3',
    src: '../x=y',
  })
  expect(() => parseContexts(['foo'])).toThrow('invalid context value: foo, expected key=value')
  expect(() => parseContexts(['FOO=x'])).toThrow('invalid context name FOO: invalid reference')
})

test('tags', () => {
  expect(() => checkTag('user/app:1')).not.toThrow()
  expect(() => checkTag('FOO')).toThrow('invalid tag "FOO": repository name must be lowercase')
  expect(() => checkTag('a b')).toThrow('invalid tag "a b": invalid reference format')
})

test('hosts', () => {
  expect(parseHost('a:1.2.3.4')).toEqual({ name: 'a', address: '1.2.3.4' })
  expect(parseHost('a=[::1]')).toEqual({ name: 'a', address: '::1' })
  expect(parseHost('a:::1')).toEqual({ name: 'a', address: '::1' })
  expect(parseHost('a=host-gateway')).toEqual({ name: 'a', address: 'host-gateway' })
  for (const text of ['foo', 'foo:bar', '=1.2.3.4', 'foo=']) {
    expect(() => parseHost(text)).toThrow(`invalid host ${text}`)
  }
})

test('platforms', () => {
  const own = formatPlatform(hostPlatform())
  expect(parsePlatforms(['linux/arm64/v8,linux/arm', 'local', 'linux/arm64'])).toEqual([
    'linux/arm64',
    'linux/arm/v7',
    own,
  ])
  expect(() => parsePlatforms(['a b'])).toThrow('"a b" is an invalid OS component of "a b"')
})

test('networks, privileges, annotations', () => {
  expect(['', 'default', 'none', 'host'].map(parseNetwork)).toEqual([
    'default',
    'default',
    'none',
    'host',
  ])
  expect(() => parseNetwork('container:x')).toThrow(
    'network mode "container:x" not supported by buildkit',
  )
  expect(() => checkEntitlement('security.insecure')).not.toThrow()
  expect(() => checkEntitlement('foo')).toThrow('unknown entitlement foo')
  expect(() => checkAnnotation('a=b')).not.toThrow()
  expect(() => checkAnnotation('foo')).toThrow('invalid annotation "foo", expected key=value')
})
