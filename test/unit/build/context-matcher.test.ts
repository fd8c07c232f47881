import { describe, expect, test } from 'vitest'
import { compileGlob, hasWildcards } from '../../../lib/build/context/glob.ts'
import { parseIgnoreFile } from '../../../lib/build/context/ignore.ts'
import { type MatchInfo, PatternMatcher } from '../../../lib/build/context/matcher.ts'

/** Asks for each directory on the way first, as a walk does. */
function isMatched(patterns: string[], path: string): boolean {
  const matcher = new PatternMatcher(patterns)
  const parts = path.split('/')
  let parent: MatchInfo | undefined
  let matched = false
  for (const index of parts.keys()) {
    const result = matcher.match(parts.slice(0, index + 1).join('/'), parent)
    parent = result.info
    matched = result.matched
  }
  return matched
}

describe('patterns of ignore files', () => {
  test.each<[patterns: string[], path: string, matched: boolean]>([
    [['a'], 'a', true],
    [['a'], 'a/b', true],
    [['a'], 'b/a', false],
    [['a/'], 'a', true],
    [['./a'], 'a', true],
    [['a/../b'], 'b/c', true],
    [['*'], 'a', true],
    [['*'], 'a/b', true],
    [['*.md'], 'x/README.md', false],
    [['*/*.md'], 'x/README.md', true],
    [['*/*.md'], 'x/y/README.md', false],
    [['?'], 'ab', false],
    [['e?'], 'ex/y', true],
    [['**'], 'a/b', true],
    [['**/x'], 'x', true],
    [['**/x'], 'a/b/x', true],
    [['**/x'], 'a/bx', false],
    [['**x'], 'a/bx', true],
    [['a/**'], 'a', false],
    [['a/**'], 'a/b/c', true],
    [['a**'], 'ab/c', true],
    [['a/**/c'], 'a/c', true],
    [['a/**/c'], 'a/b/b/c', true],
    [['a/**/c'], 'ac', false],
    [['**/*.log'], 'x.log', true],
    [['**/*.log'], 'a/b/x.log', true],
    [['**/*.log'], 'a/b/xlog', false],
    [['[a-c]x'], 'bx', true],
    [['[^a-c]x'], 'bx', false],
    [['[^a-c]x'], 'dx', true],
    [['[!a]x'], '!x', true],
    [['a\\*b'], 'a*b', true],
    [['a\\*b'], 'axb', false],
    [['a.b'], 'axb', false],
    [['(a|b)+$^{1}'], '(a|b)+$^{1}', true],
    [['ä?'], 'äö', true],
    [['?'], '😀', true],
    [['.'], 'a', false],
    [['..'], 'a', false],
    [['/'], 'a', false],
    [['a', '!a/b'], 'a/b', false],
    [['a', '!a/b'], 'a/b/c', false],
    [['a', '!a/b'], 'a/c', true],
    [['a', '!a/b', 'a/b/c'], 'a/b/c', true],
    [['*', '!**/f'], 'x/y/f', false],
    [['*', '!**/f'], 'x/y/g', true],
    [['!a', 'a'], 'a', true],
    [['*.md', '!README.md'], 'README.md', false],
    [['*.md', '!README.md'], 'r.md', true],
    [['  a  '], 'a', true],
    [['', ' '], 'a', false],
  ])('%j and %s: %s', (patterns, path, matched) => {
    expect(isMatched(patterns, path)).toBe(matched)
  })

  test.each([
    [['!'], 'illegal exclusion pattern: "!"'],
    [['[a'], 'syntax error in pattern'],
    [['a['], 'syntax error in pattern'],
    [['[]'], 'syntax error in pattern'],
    [['[a-]'], 'syntax error in pattern'],
    [['a\\'], 'syntax error in pattern'],
    [['a', '**/[x'], 'syntax error in pattern'],
  ])('%j is refused', (patterns, message) => {
    expect(() => new PatternMatcher(patterns)).toThrow(message)
  })

  test('what is below a matched directory may be free', () => {
    expect(new PatternMatcher(['a']).mayFree('a')).toBe(false)
    expect(new PatternMatcher(['a', '!a/b/c']).mayFree('a/b')).toBe(true)
    expect(new PatternMatcher(['a', '!a/b/c']).mayFree('a/d')).toBe(false)
    expect(new PatternMatcher(['a', '!a/b/**']).mayFree('a/b')).toBe(true)
    expect(new PatternMatcher(['a', '!a/*/c']).mayFree('a/d')).toBe(true)
  })

  test('many runs take no time', () => {
    const pattern = `${'**/a*'.repeat(20)}b`
    const start = performance.now()
    expect(isMatched([pattern], `${'a/'.repeat(100)}${'a'.repeat(2000)}`)).toBe(false)
    expect(compileGlob('a*'.repeat(30), 'path')('a'.repeat(3000))).toBe(true)
    expect(compileGlob(`${'*'.repeat(50)}b`, 'path')('a'.repeat(3000))).toBe(false)
    expect(performance.now() - start).toBeLessThan(2000)
  })
})

/** Both ways of testing say the same. */
test.each([
  ['a*b*c', 'axbxc', true],
  ['a*b*c*d', 'axbxcd', true],
  ['a*b*c*d', 'ax/bxcd', false],
  ['*/*/*/d', 'a/b/c/d', true],
  ['*/*/*/d', 'a/b/d', false],
  ['**/a/**/b/**/c', 'a/b/c', true],
  ['**/a/**/b/**/c', 'x/a/y/y/b/z/c', true],
  ['**/a/**/b/**/c', 'x/a/y/yb/z/c', false],
  ['**/a*/**/b', 'x/ay/b', true],
  ['**/a*/**/b', 'x/ay/xb', false],
  ['**/a/**/b/**', 'a/b/x/y', true],
  ['**/a/**/b/**', 'a/b', false],
])('%s and %s: %s', (pattern, text, matched) => {
  expect(compileGlob(pattern, 'ignore')(text)).toBe(matched)
})

test.each([
  ['a', false],
  ['a*', true],
  ['a\\*', false],
  ['[a]', true],
  ['a?', true],
  ['a\\\\*', true],
])('%s has wildcards: %s', (pattern, has) => {
  expect(hasWildcards(pattern)).toBe(has)
})

test('lines of an ignore file', () => {
  const text = '\uFEFFsub/\r\n# comment\n #no comment\n\n  \n/abs\n! /free/\n!\n./a//b/../c\n/\n.\n'
  expect(parseIgnoreFile(text)).toEqual([
    'sub',
    '#no comment',
    'abs',
    '!free',
    '!',
    'a/c',
    '/',
    '.',
  ])
})
