import { expect, test } from 'vitest'
import {
  absolutePath,
  cleanPath,
  decideTarget,
  parseCopyArgument,
  sourceName,
} from '../../../lib/container/copy-paths.ts'

test.each([
  ['a//b/../c', 'a/c'],
  ['/a/.', '/a/.'],
  ['/a/', '/a/'],
  ['/', '/'],
  ['/.', '/.'],
  ['.', '.'],
  ['/a/./b/./', '/a/b/.'],
])('%s is %s', (path, expected) => {
  expect(cleanPath(path)).toBe(expected)
})

test('what a source is called', () => {
  expect(['/a/b', '/a/b/', '/a/b/.', '/', '/..'].map(sourceName)).toEqual(['b', 'b', '.', '.', '.'])
  expect(absolutePath('/home/me', '..')).toBe('/home')
})

test.each([
  ['c:/x', 'c', '/x'],
  ['/c:/x', undefined, '/c:/x'],
  ['./c:x', undefined, './c:x'],
  ['plain', undefined, 'plain'],
  ['c:', 'c', ''],
])('%s', (text, container, path) => {
  expect(parseCopyArgument(text)).toEqual({ container, path })
})

const file = { isDirectory: false, name: 'f' }
const tree = { isDirectory: true, name: 'd' }
const at = (path: string, exists: boolean, isDirectory = false) => ({ path, exists, isDirectory })

test.each([
  [file, at('/t', true, true), { directory: '/t', name: 'f' }],
  [file, at('/t/g', true), { directory: '/t', name: 'g' }],
  [file, at('/t/new', false), { directory: '/t', name: 'new' }],
  [tree, at('/t', true, true), { directory: '/t', name: 'd' }],
  [tree, at('/t/new/', false), { directory: '/t', name: 'new' }],
  [{ ...tree, name: '.' }, at('/t', true, true), { directory: '/t', name: '.' }],
  [{ ...tree, name: '.' }, at('/t/new', false), { directory: '/t', name: 'new' }],
])('%j to %j', (source, destination, expected) => {
  expect(decideTarget(source, destination)).toEqual(expected)
})

test('what cannot be', () => {
  expect(() => decideTarget(tree, at('/t/g', true))).toThrow('cannot copy directory')
  expect(() => decideTarget(file, at('/t/new/', false))).toThrow('no such directory')
})
