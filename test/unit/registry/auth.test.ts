import { expect, test } from 'vitest'
import { parseChallenge } from '../../../lib/registry/auth.ts'

test.each([
  [
    'Bearer realm="https://auth.io/token",service="reg, one",scope="repository:a/b:pull,push"',
    { realm: 'https://auth.io/token', service: 'reg, one', scope: 'repository:a/b:pull,push' },
  ],
  ['Basic realm="x", Bearer realm=https://a/t', { realm: 'https://a/t' }],
  ['bearer REALM="a\\"b"', { realm: 'a"b' }],
])('%s asks for a token', (header, parameters) => {
  expect(parseChallenge(header)).toEqual({ scheme: 'bearer', parameters })
})

test('a password is asked for, or something unknown', () => {
  expect(parseChallenge('Basic realm="x"')?.scheme).toBe('basic')
  expect(parseChallenge('Negotiate')).toBeUndefined()
  expect(parseChallenge('')).toBeUndefined()
})
