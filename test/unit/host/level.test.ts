import { expect, test } from 'vitest'
import { amd64Variant, processorFlags } from '../../../lib/host/level.ts'

const V2 = 'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3'
const V3 = `${V2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave`
const V4 = `${V3} avx512bw avx512cd avx512dq avx512f avx512vl`

test.each([
  ['v1', ''],
  ['v1', V2.replace('popcnt', '')],
  ['v2', V2],
  ['v2', V3.replace('movbe', '')],
  ['v3', V3],
  ['v3', `${V3} avx512f`],
  ['v4', V4],
  ['v1', V4.replace('ssse3', '')],
])('%s has %j', (variant, flags) => {
  expect(amd64Variant(new Set(flags.split(' ')))).toBe(variant)
})

test('this machine has a processor with flags', () => {
  expect(processorFlags().size).toBeGreaterThan(0)
})
