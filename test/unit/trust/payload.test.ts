import { describe, expect, test } from 'vitest'
import { parsePayload } from '../../../lib/trust/payload.ts'
import { JsonError } from '../../../lib/trust/strict-json.ts'

const SIMPLE = 'atomic container signature'
const COSIGN = 'cosign container image signature'
const claim = (critical: object = {}, more: object = {}) => ({
  critical: {
    type: SIMPLE,
    image: { 'docker-manifest-digest': 'sha256:x' },
    identity: { 'docker-reference': 'a:1' },
    ...critical,
  },
  optional: {},
  ...more,
})
const parse = (value: unknown, type: typeof SIMPLE | typeof COSIGN = SIMPLE) =>
  parsePayload(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), type)

describe('a payload', () => {
  test('says which image, and under which name', () => {
    expect(parse(claim())).toEqual({ digest: 'sha256:x', reference: 'a:1' })
    expect(parse(claim({}, { optional: { creator: 'x', timestamp: 1, more: [] } }))).toBeDefined()
    expect(parse(claim({ type: COSIGN }, { optional: null }), COSIGN)).toBeDefined()
  })

  test.each([
    ['no JSON'],
    [[]],
    [{}],
    [claim({ type: COSIGN })],
    [claim({ more: 1 })],
    [claim({ image: { 'docker-manifest-digest': 'x', more: 1 } })],
    [claim({ image: {} })],
    [claim({ identity: { 'docker-reference': 1 } })],
    [claim({}, { optional: null })],
    [claim({}, { optional: { creator: 1 } })],
    [claim({}, { optional: { timestamp: 1.5 } })],
    [claim({}, { more: 1 })],
    [{ critical: claim().critical }],
    [JSON.stringify(claim()).replace('"type":', '"type":"x","type":')],
  ])('%j is none', (value) => {
    expect(() => parse(value)).toThrow(JsonError)
  })
})
