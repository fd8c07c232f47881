import { describe, expect, test } from 'vitest'
import { GoJsonFault, goKind, parseGoJson } from '../../../api/http/go-json.ts'

test('what is JSON is read', () => {
  expect(parseGoJson(' {"a": [1, -2.5e3, "\\u00e9", true, null]} ')).toEqual({
    a: [1, -2500, 'é', true, null],
  })
})

/** As `json.Unmarshal` of Go 1.24 tells them. */
describe('what is none is told in Go’s words', () => {
  test.each([
    ['', 'unexpected end of JSON input'],
    [' ', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{"a"', 'unexpected end of JSON input'],
    ['{"a":', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['[1,', 'unexpected end of JSON input'],
    ['"a', 'unexpected end of JSON input'],
    ['"a\\', 'unexpected end of JSON input'],
    ['"\\u00', 'unexpected end of JSON input'],
    ['nul', 'unexpected end of JSON input'],
    ['-', 'unexpected end of JSON input'],
    ['1.', 'unexpected end of JSON input'],
    ['1e+', 'unexpected end of JSON input'],
    ['['.repeat(100_000), 'exceeded max depth'],
    ['x', "invalid character 'x' looking for beginning of value"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
    ['é', "invalid character 'é' looking for beginning of value"],
    ['{x', "invalid character 'x' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\u0001"', "invalid character '\\x01' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"],
    ['nuxl', "invalid character 'x' in literal null (expecting 'l')"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['{} {}', "invalid character '{' after top-level value"],
  ])('%j', (text, message) => {
    expect(() => parseGoJson(text)).toThrow(new GoJsonFault(message))
  })
})

test('what follows a document of a request has words of its own', () => {
  expect(() => parseGoJson('{}x', true)).toThrow(new GoJsonFault('unexpected content after JSON'))
  expect(() => parseGoJson('{x', true)).toThrow(/beginning of object key string/)
})

test('kinds of values', () => {
  expect([[], {}, '', 1, false].map(goKind)).toEqual([
    'array',
    'object',
    'string',
    'number',
    'bool',
  ])
})
