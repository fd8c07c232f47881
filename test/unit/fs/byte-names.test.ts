import { describe, expect, test } from 'vitest'
import { decodeName, isDoubtful, pathBytes, shownName } from '../../../lib/fs/byte-names.ts'

const bytes = (...parts: (string | number)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part))),
  )

describe('names of bytes', () => {
  test.each<[string, Buffer, string]>([
    ['of ASCII', bytes('plain'), 'plain'],
    ['of UTF-8', bytes('ä€😀'), 'ä€😀'],
    ['in Latin 1', bytes('b', 0xe4, 'd'), 'b\uFFFDd'],
    ['of bytes alone', bytes(0xff, 0xfe), '\uFFFD\uFFFD'],
    ['that end in the middle of a character', bytes('a', 0xe2, 0x82), 'a\uFFFD\uFFFD'],
    ['with a surrogate', bytes(0xed, 0xa0, 0x80), '\uFFFD\uFFFD\uFFFD'],
    ['with what stands for a byte', bytes('\uFFFD'), '\uFFFD'],
    ['with the last character', bytes('x\u{10FFFF}e4'), 'x\uFFFD\uFFFD\uFFFD\uFFFDe4'],
    ['in a directory', bytes('a', 0xe4, '/', 0xfc, 'ü'), 'a\uFFFD/\uFFFDü'],
  ])('%s', (_, name, shown) => {
    const text = decodeName(name)
    expect(Buffer.from(pathBytes(text))).toEqual(name)
    expect(shownName(text)).toBe(shown)
    // It can be said in JSON and on a command line.
    expect(Buffer.from(text).toString()).toBe(text)
  })

  test('that differ are different texts', () => {
    const names = [bytes(0xe4), bytes(0xe5), bytes('\uFFFD'), bytes('\u{10FFFF}e4'), bytes('e4')]
    expect(new Set(names.map(decodeName)).size).toBe(names.length)
  })

  test('of UTF-8 stay what they are', () => {
    expect(pathBytes('ä')).toBe('ä')
    expect(isDoubtful('ä')).toBe(false)
  })
})
