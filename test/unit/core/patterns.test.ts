import { expect, test } from 'vitest'
import { patternTest } from '../../../lib/core/patterns.ts'
import { filterNetworks } from '../../../lib/housekeeping/networks.ts'
import type { NetworkRecord } from '../../../lib/network/record.ts'
import { filterVolumes } from '../../../lib/volume/filter.ts'

test.each([
  [['^n1$'], 'n1', true],
  [['^n1$'], 'xn1', false],
  [['n[12]'], 'an2b', true],
  [['a', 'b'], 'xbx', true],
  [[], 'n1', false],
  [['n1['], 'n1[', true],
  [['n1['], 'xn1[', false],
])('%j in %s: %s', (values, text, expected) => {
  expect(patternTest(values)(text)).toBe(expected)
})

const NAMES = ['web', 'web2', 'old-web']

test.each([
  ['^web$', ['web']],
  ['web', NAMES],
  ['^web', ['web', 'web2']],
])('names of networks and volumes are filtered by it: %s', (pattern, expected) => {
  const filters = new Map([['name', [pattern]]])
  const networks = NAMES.map((name) => ({ name, id: name }) as NetworkRecord)
  expect(filterNetworks(networks, filters).map(({ name }) => name)).toEqual(expected)
  const ids = new Map([['id', [pattern]]])
  expect(filterNetworks(networks, ids).map(({ name }) => name)).toEqual(expected)
  const volumes = NAMES.map((name) => ({
    ...{ version: 1 as const, name, createdAt: '', anonymous: false, labels: {} },
  }))
  expect(filterVolumes(volumes, filters, () => false).map(({ name }) => name)).toEqual(expected)
})
