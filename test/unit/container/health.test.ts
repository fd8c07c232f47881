import { expect, test } from 'vitest'
import { planHealth } from '../../../lib/container/health.ts'

const SECOND = 1_000_000_000
const check = {
  test: ['CMD-SHELL', 'true'],
  interval: 0,
  timeout: 0,
  startPeriod: 60 * SECOND,
  startInterval: 0,
  retries: 0,
}

test('without a start interval checks are as far apart in the start period as later', () => {
  expect(planHealth('/c', check)).toMatchObject({ interval: 30_000, startInterval: 30_000 })
  const often = { ...check, interval: SECOND / 2 }
  expect(planHealth('/c', often)).toMatchObject({ interval: 500, startInterval: 500 })
  const own = { ...often, startInterval: 2 * SECOND }
  expect(planHealth('/c', own)).toMatchObject({ interval: 500, startInterval: 2000 })
})
