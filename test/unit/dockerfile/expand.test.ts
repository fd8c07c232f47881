// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import { describe, expect, test } from 'vitest'
import {
  expandHeredoc,
  expandShown,
  expandWord,
  expandWords,
} from '../../../lib/dockerfile/expand.ts'
import { refusal } from './read.ts'

const ENV = new Map(
  Object.entries({
    x: 'abcabc',
    e: '',
    p: '/usr/local/bin',
    star: '**a?',
    bs: '\\a\\b',
    dot: 'a.b[a]',
    multi: 'abab',
    b: 'b',
    lead: '  x',
    lines: 'a1\nb2\nc3',
    words: ' a  b ',
  }),
)

/** Results are those of Docker 26.1, as labels of an image. */
describe('words', () => {
  test.each([
    ['$x', 'abcabc'],
    ['${x}', 'abcabc'],
    ['a${u:-d}b', 'adb'],
    ['${e:-d}', 'd'],
    ['${e-d}', ''],
    ['${e:+d}', ''],
    ['${e+d}', 'd'],
    ['${x:+"q q"}', 'q q'],
    ['${x#a*c}', 'abc'],
    ['${x##a*c}', ''],
    ['${x%a*c}', 'abc'],
    ['${x%%a*c}', ''],
    ['${x:#a*c}', 'abc'],
    ['${x:%%b*}', 'a'],
    ['${p##*/}', 'bin'],
    ['${p#*/}', 'usr/local/bin'],
    ['${p%/*}', '/usr/local'],
    ['${p%%/*}', ''],
    ['${x/b/-}', 'a-cabc'],
    ['${x//b/-}', 'a-ca-c'],
    ['${x//*/r}', 'r'],
    ['${x///r}', 'rarbrcrarbrcr'],
    ['${x//a*/r}', 'r'],
    ['${x/a?c/<>}', '<>abc'],
    ['${x//?/z}', 'zzzzzz'],
    ['${x//b/}', 'acac'],
    ['${x//b/$p}', 'a/usr/local/binca/usr/local/binc'],
    ['${p//\\//_}', '_usr_local_bin'],
    ['${p/\\/usr/}', '/local/bin'],
    ['"$x\\$x"', 'abcabc$x'],
    ["'$x'", '$x'],
    ['\'a"b\'"c\'d"', 'a"bc\'d'],
    ['\\$x', '$x'],
    ['a\\ b', 'a b'],
    ['"a\\b"', 'a\\b'],
    ['"a\\\\b"', 'a\\b'],
    ['"a\\"b"', 'a"b'],
    ["'a\\b'", 'a\\b'],
    ['a\\b', 'ab'],
    ['a\\\\b', 'a\\b'],
    ['${u:-${e:-"q q"}}', 'q q'],
    ["${u:-'$x'}", '$x'],
    ['${u:-\\}}', '}'],
    ['${u:-a\\ b}', 'a b'],
    ['$$x', 'x'],
    ['$1$@$*$#$?$-$!', ''],
    ['${1}x', 'x'],
    ['$10x', 'x'],
    ['$xé', ''],
    ['$x-y', 'abcabc-y'],
    ['$x.y', 'abcabc.y'],
    ['$', '$'],
    ['a$', 'a$'],
    ['"a b"c"d e"', 'a bcd e'],
    ["''", ''],
    ['${star#\\*}', '*a?'],
    ['${star#\\*\\*}', 'a?'],
    ['${star%\\?}', '**a'],
    ['${star##*\\*}', 'a?'],
    ['${x#?}', 'bcabc'],
    ['${x##?}', 'bcabc'],
    ['${x%?}', 'abcab'],
    ['${bs#\\\\}', 'a\\b'],
    ['${bs//\\\\/S}', 'SaSb'],
    ['${dot//./-}', 'a-b[a]'],
    ['${dot//[a]/-}', 'a.b-'],
    ['${x/\\}/y}', 'abcabc'],
    ['"${x/b/"q"}"', 'aqcabc'],
    ['${x/"b"/q}', 'aqcabc'],
    ["${x/b/'q'}", 'aqcabc'],
    ['${x/$b/q}', 'aqcabc'],
    ['é${é}ü', 'éü'],
    ['${x?boo}', 'abcabc'],
    ['a{b}c', 'a{b}c'],
    ['`a`', '`a`'],
    ['a\\', 'a'],
    ['${x#ab}${x%bc}', 'cabcabca'],
    ['${lead# *}', ' x'],
    // `?` and `*` stop at line ends, as `.` of Go does.
    ['${lines//?/-}', '--\n--\n--'],
    ['${lines#*}', 'a1\nb2\nc3'],
    ['${lines##*}', '\nb2\nc3'],
    ['${lines%%*}', 'a1\nb2\n'],
    ['${lines//[0-9]/}', 'a1\nb2\nc3'],
  ])('%s becomes %j', (word, expected) => {
    expect(expandWord(word, ENV, '\\').text).toBe(expected)
  })

  test('the other escape character', () => {
    expect(expandWord('C:\\$x`$x``"a`"b"', ENV, '`').text).toBe('C:\\abcabc$x`a"b')
  })

  test.each([
    ['${x:z}', 'unsupported modifier (:z) in substitution'],
    ['${x=3}', 'unsupported modifier (=) in substitution'],
    ['${x', 'unsupported modifier (\ufffd) in substitution'],
    ['${', "syntax error: missing '}'"],
    ['${x:-scratch', "syntax error: missing '}'"],
    ['${}', 'syntax error: bad substitution'],
    ['${{x}}', 'syntax error: bad substitution'],
    ['${:x}', 'syntax error: bad substitution'],
    ['${u?}', 'u: is not allowed to be unset'],
    ['${e:?}', 'e: is not allowed to be empty'],
    ['${u:?boo $x}', 'u: boo abcabc'],
    ['${x#\\x}', "invalid pattern (\\x) in substitution: invalid escape '\\x'"],
    ['${x/b}', "syntax error: missing '/' in ${}"],
    ['${x/', "syntax error: missing '/' in ${}"],
    ['${x/b/', "syntax error: missing '}'"],
    ['${x:-"y}', "syntax error: missing '}'"],
    ["'x", 'unexpected end of statement while looking for matching single-quote'],
    ['"x', 'unexpected end of statement while looking for matching double-quote'],
  ])('%s is refused: %s', (word, reason) => {
    const written = JSON.stringify(word)
    expect(refusal(() => expandWord(word, ENV, '\\')).message).toBe(
      `failed to process ${written}: ${reason}`,
    )
  })

  test('which variables it used, and which it missed', () => {
    const { used, undefined: missing } = expandWord("$x ${u:-$b} '$p' ${v#a} \\$e", ENV, '\\')
    expect([...used].sort()).toEqual(['b', 'x'])
    expect([...missing].sort()).toEqual(['u', 'v'])
  })

  test('a variable is no member of objects', () => {
    expect(expandWord('${constructor:-none}$__proto__', ENV, '\\').text).toBe('none')
  })
})

test.each([
  ['80 443', ['80', '443']],
  ['$words', ['a', 'b']],
  ['"$words"', [' a  b ']],
  ['a$words', ['a', 'a', 'b']],
  ['"a b" c\\ d', ['a b', 'c d']],
  ['$u', []],
  ['""', []],
])('%s is the words %j', (word, expected) => {
  expect(expandWords(word, ENV, '\\')).toEqual(expected)
})

test.each([
  ['"quotes" \'$b\'\n', '"quotes" \'b\'\n'],
  ['\\\n', '\n'],
  ['\\\\\n', '\\\n'],
  ['\\$b\n', '$b\n'],
])('a here-document %j becomes %j', (content, expected) => {
  expect(expandHeredoc(content, ENV).text).toBe(expected)
})

test.each([
  ['COPY $b "$u" \'$b\' ${u:-x} \\$b', 'COPY b "$u" \'$b\' ${u:-x} \\$b'],
  ["RUN echo it's $b", "RUN echo it's $b"],
])('%s is shown as %s', (text, expected) => {
  expect(expandShown(text, ENV, '\\')).toBe(expected)
})

describe('bounds', () => {
  test('nesting', () => {
    const deep = `${'${u:-'.repeat(30_000)}x${'}'.repeat(30_000)}`
    expect(refusal(() => expandWord(deep, ENV, '\\')).message).toContain('nested too deeply')
  })

  test('a value that grows', () => {
    const env = new Map([['a', 'x'.repeat(1 << 20)]])
    expect(refusal(() => expandWord('$a$a$a', env, '\\')).message).toContain('longer than')
  })

  test.each([
    ['many stars', `\${a#${'*a'.repeat(2000)}*b}`],
    ['many stars at the end', `\${a%%${'a*'.repeat(2000)}b}`],
    ['many places', '${a//a/bb}'],
    ['marks', `\${a//${'?'.repeat(500)}b/x}`],
  ])('patterns take no long time: %s', (_name, word) => {
    const env = new Map([['a', 'a'.repeat(100_000)]])
    const start = performance.now()
    expandWord(word, env, '\\')
    expect(performance.now() - start).toBeLessThan(5000)
  })
})
