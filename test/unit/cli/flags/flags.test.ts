import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseFile, readEnvironment, readLabels } from '../../../../cli/flags/key-values.ts'
import { parseMount } from '../../../../cli/flags/mount.ts'

test('an env file: comments, names alone, bad names', () => {
  const text = '# c\nA=b\n lead=1\nB\nNONE\n'
  expect(parseFile(text, { B: 'host' })).toEqual(['A=b', 'lead=1', 'B=host'])
  expect(() => parseFile('bad name=1', {})).toThrow('contains whitespaces')
  expect(() => parseFile('=1', {})).toThrow("no variable name on line '=1'")
})

test('-e and -l', () => {
  expect(readEnvironment([], ['A=1', 'B', 'C'], { B: 'x' })).toEqual(['A=1', 'B=x', 'C'])
  expect(() => readEnvironment([], ['=A'], {})).toThrow('invalid environment variable: =A')
  expect(readLabels([], ['a=b=c', 'd'])).toEqual({ a: 'b=c', d: '' })
})

test.each([
  [
    'type=bind,src=/a,dst=/b,ro',
    { type: 'bind', source: '/a', readOnly: true, createSource: false },
  ],
  ['type=bind,src=./a/,dst=/b', { type: 'bind', source: join(process.cwd(), 'a') }],
  ['type=bind,src=.,dst=/b', { type: 'bind', source: process.cwd() }],
  ['src=v1,target=/b', { type: 'volume', name: 'v1', mode: 'z' }],
  ['target=/b', { type: 'volume', name: '', mode: 'z' }],
  ['type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1770', { options: ['size=1048576', 'mode=1770'] }],
])('--mount %s', (text, expected) => {
  expect(parseMount(text).request).toMatchObject(expected)
})

test.each([
  ['foo=bar,dst=/x', "unexpected key 'foo' in 'foo=bar'"],
  ['dst', "invalid field 'dst' must be a key=value pair"],
  ['type=bind,src=/tmp', 'target is required'],
  ['type=bind,dst=/x', 'field Source must not be empty'],
  ['type=tmpfs,src=/a,dst=/x', 'field Source must not be specified'],
  ['dst=/x,ro', 'must not set ReadOnly mode when using anonymous volumes'],
  ['type=foo,dst=/x', 'mount type unknown'],
])('--mount %s is refused', (text, reason) => {
  expect(() => parseMount(text)).toThrow(reason)
})
