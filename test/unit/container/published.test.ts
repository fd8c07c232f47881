import { expect, test } from 'vitest'
import { planPorts } from '../../../lib/container/published.ts'
import type { ContainerRecord } from '../../../lib/container/record.ts'

test('who wishes one number comes before those who take any of several', () => {
  const wish = (port: string, hostPort: string) => ({ port, hostIp: '', hostPort })
  const portBindings = [
    wish('80/tcp', ''),
    wish('81/tcp', '8000-8002'),
    wish('82/tcp', '8000'),
    wish('83/udp', '8000'),
  ]
  const record = { host: { portBindings }, config: { exposedPorts: [] } }
  const plans = planPorts(record as unknown as ContainerRecord)
  expect(plans.map(({ port, first, last }) => [port, first, last])).toEqual([
    [82, 8000, 8000],
    [83, 8000, 8000],
    [81, 8000, 8002],
    [80, 0, 0],
  ])
})
