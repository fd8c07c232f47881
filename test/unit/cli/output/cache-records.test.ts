import { expect, test } from 'vitest'
import {
  pruneSum,
  recordBlocks,
  recordSums,
  recordTable,
} from '../../../../cli/output/cache-records.ts'
import type { CacheRecordInfo } from '../../../../lib/build/cache/record-info.ts'

const now = Date.parse('2026-11-26T23:51:04.250Z')
const record: CacheRecordInfo = {
  id: 'xzy5tdoqmuqn624nqrpfodrie',
  parents: ['j0qgt8pycaq1o8vzt4pllzgip'],
  createdAt: new Date('2026-11-26T23:50:22.500Z'),
  lastUsedAt: new Date(now - 42_000),
  usageCount: 1,
  size: 2_025_000,
  description: '[1/1] COPY a b',
  type: 'regular',
  inUse: false,
  shared: true,
  mutable: false,
  reclaimable: true,
}
const records = [
  record,
  {
    ...record,
    id: 'mgg43u3ei9slaw3tnqfvuinlu',
    mutable: true,
    shared: false,
    lastUsedAt: undefined,
  },
]

test('the table of du', () => {
  expect(recordTable(records, now)).toBe(
    [
      'ID\t\t\t\t\t\tRECLAIMABLE\tSIZE\t\tLAST ACCESSED',
      'xzy5tdoqmuqn624nqrpfodrie               \ttrue \t\t2.025MB*  \t42 seconds ago',
      'mgg43u3ei9slaw3tnqfvuinlu*              \ttrue \t\t2.025MB   \t',
      '',
    ].join('\n'),
  )
  expect(recordTable([], now)).toBe('')
})

test('all that is known of a record', () => {
  expect(recordBlocks([record], now)).toBe(
    [
      'ID:\t\txzy5tdoqmuqn624nqrpfodrie',
      'Parent:\t\tj0qgt8pycaq1o8vzt4pllzgip',
      'Created at:\t2026-11-26 23:50:22.5 +0000 UTC',
      'Mutable:\tfalse',
      'Reclaimable:\ttrue',
      'Shared:\t\ttrue',
      'Size:\t\t2.025MB',
      'Description:\t[1/1] COPY a b',
      'Usage count:\t1',
      'Last used:\t42 seconds ago',
      'Type:\t\tregular',
      '',
      '',
    ].join('\n'),
  )
})

test('sums', () => {
  expect(recordSums(records)).toBe(
    'Shared:\t\t2.025MB\nPrivate:\t2.025MB\nReclaimable:\t4.05MB\nTotal:\t\t4.05MB\n',
  )
  expect(recordSums([])).toBe('Reclaimable:\t0B\nTotal:\t\t0B\n')
  expect(pruneSum(0)).toBe('Total:\t0B\n')
})
