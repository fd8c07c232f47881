import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readEndpoint } from '../../../../cli/contexts/endpoint.ts'
import { findPaths } from '../../../../lib/host/paths.ts'

let place: string
const at = (name: string) => join(place, name)
const read = (given: Record<string, string>) =>
  readEndpoint(findPaths({ HOME: place, DOCKER_CONFIG: at('config') }, 0), given)
const faultOf = (given: Record<string, string>) => {
  try {
    return JSON.stringify(read(given).endpoint)
  } catch (error) {
    return (error as Error).message.replace('unable to create docker endpoint config: ', '')
  }
}

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'endpoint-'))
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: place, stdio: 'ignore' })
  for (const name of ['', 'other-']) {
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', `${name}key.pem`, '-out', `${name}cert.pem`, '-subj', '/CN=x'],
    )
  }
  openssl('ec', '-in', 'key.pem', '-aes128', '-passout', 'pass:abcd', '-out', 'encrypted.pem')
  writeFileSync(at('junk'), 'junk')
})
afterAll(() => rmSync(place, { recursive: true }))

const BAD = 'invalid docker endpoint options: '
const USELESS = 'unable to apply docker endpoint options: '

/** What Docker 26.1 answered. */
const HOSTS: Record<string, string | undefined> = {
  '1.2.3.4': `${USELESS}unable to parse docker host \`1.2.3.4\``,
  'tcp://': `${USELESS}unable to parse docker host \`tcp://\``,
  'fd://': `${USELESS}unable to parse docker host \`fd://\``,
  'x:1': `${USELESS}unable to parse docker host \`x:1\``,
  'npipe:////./pipe/x': `${USELESS}protocol not available`,
  [`unix:///${'y'.repeat(120)}`]: `${USELESS}Unix socket path "/${'y'.repeat(120)}" is too long`,
  'ssh://u:p@h': `${BAD}ssh host connection is not valid: plain-text password is not supported`,
  'ssh://': `${BAD}ssh host connection is not valid: no host specified`,
  'ssh://x?a=b': `${BAD}ssh host connection is not valid: extra query after the host: "a=b"`,
  'ssh://x#f': `${BAD}ssh host connection is not valid: extra fragment after the host: "f"`,
  'ssh://h:x': `${BAD}parse "ssh://h:x": invalid port ":x" after host`,
  'tcp://a b': `${BAD}parse "tcp://a b": invalid character " " in host name`,
  'tcp://a\tb': `${BAD}parse "tcp://a\\tb": net/url: invalid control character in URL`,
  'tcp://%zz': `${BAD}parse "tcp://%zz": invalid URL escape "%zz"`,
  'tcp://h/%zz': `${BAD}parse "tcp://h/%zz": invalid URL escape "%zz"`,
  'tcp://[::1': `${BAD}parse "tcp://[::1": missing ']' in host`,
  ':2375': `${BAD}parse ":2375": missing protocol scheme`,
  '1a://b': `${BAD}parse "1a://b": first path segment in URL cannot contain colon`,
  ' tcp://h:1': `${BAD}parse " tcp://h:1": first path segment in URL cannot contain colon`,
}
const GOOD = [
  'tcp://x',
  'tcp://[::1]:5',
  'unix://a',
  'ssh://u@h/p',
  'http://x',
  'foo://x',
  'tcp://@',
]
const MORE = [
  'tcp://[fe80::1%25en0]:1',
  'tcp://u:p@h:1',
  'tcp://a:1?x',
  'tcp://x:99999',
  'tcp://a<b',
]

test('addresses, in the words of Docker', () => {
  for (const [host, expected] of Object.entries(HOSTS)) {
    expect(faultOf({ host }), host).toBe(expected)
  }
  for (const host of [...GOOD, ...MORE]) {
    expect(read({ host }).endpoint, host).toEqual({ Host: host, SkipTLSVerify: false })
  }
  expect(read({ host: '' }).endpoint).toEqual({ SkipTLSVerify: false })
})

test('certificates and keys, in the words of Docker', () => {
  const INFO = `${BAD}failed to retrieve context tls info: `
  const table: [given: Record<string, string>, expected: string][] = [
    [{ ca: 'junk' }, `${INFO}ca.pem seems invalid`],
    [{ ca: 'key.pem' }, `${INFO}ca.pem seems invalid`],
    [{ cert: 'junk', key: 'junk' }, `${BAD}no valid private key found`],
    [
      { cert: 'junk', key: 'key.pem' },
      `${INFO}tls: failed to find any PEM data in certificate input`,
    ],
    [
      { cert: 'key.pem', key: 'key.pem' },
      `${INFO}tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched`,
    ],
    [
      { cert: 'cert.pem', key: 'cert.pem' },
      `${INFO}tls: found a certificate rather than a key in the PEM for the private key`,
    ],
    [
      { cert: 'cert.pem', key: 'other-key.pem' },
      `${INFO}tls: private key does not match public key`,
    ],
    [
      { cert: 'cert.pem', key: 'encrypted.pem' },
      `${BAD}private key is encrypted - support for encrypted private keys has been removed, see https://docs.docker.com/go/deprecated/`,
    ],
  ]
  const inPlace = (given: Record<string, string>) =>
    Object.fromEntries(Object.entries(given).map(([key, name]) => [key, at(name)]))
  for (const [given, expected] of table) {
    expect(faultOf({ host: 'tcp://a:1', ...inPlace(given) })).toBe(expected)
    // Over ssh they play no part.
    expect(read({ host: 'ssh://a', ...inPlace(given) }).tls.size).toBe(Object.keys(given).length)
  }
  const { tls } = read({
    host: 'tcp://a:1',
    ...inPlace({ ca: 'cert.pem', cert: 'cert.pem', key: 'key.pem' }),
  })
  expect([...tls.keys()]).toEqual(['ca.pem', 'cert.pem', 'key.pem'])
  expect(faultOf({ ca: '/' })).toBe('read /: is a directory')
  expect(faultOf({ key: '/nosuch' })).toBe('open /nosuch: no such file or directory')
})

test('words that are none', () => {
  expect(faultOf({ host: 'tcp://a', foo: '1', HOST: '2' })).toBe(
    'foo: unrecognized config key\nHOST: unrecognized config key',
  )
  expect(faultOf({ 'skip-tls-verify': 'yes' })).toBe(
    'skip-tls-verify: strconv.ParseBool: parsing "yes": invalid syntax',
  )
  expect(read({ host: 'tcp://a', 'skip-tls-verify': 'T' }).endpoint.SkipTLSVerify).toBe(true)
  expect(read({ from: 'default', host: 'tcp://a' })).toMatchObject({ unused: ['host'] })
})
