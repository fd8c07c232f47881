import { expect, test } from 'vitest'
import { parseRotation } from '../../../lib/container/log-options.ts'

// Docker's files of these limits end after the same number of bytes, whichever way its unit is written.
test.each([
  ['10', 10],
  ['10000b', 10_000],
  ['10k', 10_000],
  ['10K', 10_000],
  ['10kb', 10_000],
  ['10KiB', 10_000],
  ['1.5k', 1500],
  ['1 k', 1000],
  ['0.01m', 10_000],
  ['0.01MiB', 10_000],
  ['0.00001g', 10_000],
  ['0.00000001t', 10_000],
])('max-size=%s are %i bytes', (text, bytes) => {
  for (const type of ['json-file', 'local'])
    expect(
      parseRotation({ type, config: { 'max-size': text, 'max-file': '2', compress: 'false' } })
        .maxSize,
    ).toBe(bytes)
})

test.each(['1x', '1kk', '1  k', '.5k', '1.k', '1e', '-1k', '+1k'])(
  'max-size=%s is none',
  (text) => {
    expect(() => parseRotation({ type: 'json-file', config: { 'max-size': text } })).toThrow(
      `invalid size: '${text}'`,
    )
  },
)
