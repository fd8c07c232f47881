import { describe, expect, test } from 'vitest'
import { errorIn, parseFailure } from '../../../lib/registry/error-words.ts'
import { pause, readDelay } from '../../../lib/registry/http.ts'

describe('Retry-After', () => {
  test.each<[string | undefined, number | undefined]>([
    ['0', 0],
    ['7', 7000],
    [' 7 ', 7000],
    ['1700000000', 1_700_000_000_000],
    [undefined, undefined],
    ['', undefined],
    ['-1', undefined],
    ['soon', undefined],
    ['Wed, 21 Oct 2015 07:28:00 GMT', undefined],
  ])('%j is %j ms', (text, delay) => {
    expect(readDelay(text)).toBe(delay)
  })

  test('a date is as far away as it is', () => {
    const delay = readDelay(new Date(Date.now() + 60_000).toUTCString()) ?? 0
    expect(delay).toBeGreaterThan(58_000)
    expect(delay).toBeLessThanOrEqual(60_000)
  })

  test('a wait ends with what wanted it', async () => {
    const stop = new AbortController()
    const begin = Date.now()
    setTimeout(() => stop.abort(), 20)
    await expect(pause(1, 20_000, stop.signal)).rejects.toThrow(/aborted/)
    expect(Date.now() - begin).toBeLessThan(5000)
  })
})

describe('the words of an error', () => {
  test.each([
    [
      '{"errors":[{"code":"TOOMANYREQUESTS","message":"Slow down."}]}',
      'toomanyrequests: Slow down.',
    ],
    ['{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', 'manifest unknown'],
    ['{"errors":[{"code":"X","message":"a\\u001b[31m\\nb"}]}', 'x: a[31m b'],
    ['{"errors":[]}', ''],
    ['[]', ''],
    ['no json', ''],
  ])('%s', (body, words) => {
    expect(errorIn(Buffer.from(body))).toBe(words)
  })

  /** As Go's parser of JSON has it, whose words Docker shows. */
  test.each([
    ['', 'unexpected end of JSON input: ""'],
    ['<html>', 'invalid character \'<\' looking for beginning of value: "<html>"'],
    ['404 page', 'invalid character \'p\' after top-level value: "404 page"'],
    ['{}', 'no error details found in HTTP response body: "{}"'],
  ])('a body without errors: %j', (body, words) => {
    expect(parseFailure(Buffer.from(body))).toBe(words)
  })
})
