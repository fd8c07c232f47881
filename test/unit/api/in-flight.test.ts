import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { InFlight } from '../../../api/http/in-flight.ts'

const IDLE = 1000

let onIdle: ReturnType<typeof vi.fn<() => void>>
let inFlight: InFlight
beforeEach(() => {
  vi.useFakeTimers()
  onIdle = vi.fn<() => void>()
  inFlight = new InFlight(IDLE, onIdle)
})
afterEach(() => {
  inFlight[Symbol.dispose]()
  vi.useRealTimers()
})

test('is idle so long after the last request', () => {
  const request = inFlight.begin()
  vi.advanceTimersByTime(10 * IDLE)
  request[Symbol.dispose]()
  vi.advanceTimersByTime(IDLE - 1)
  expect(onIdle).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2)
  expect(onIdle).toHaveBeenCalledOnce()
})

// A client that had connected and not yet asked was cut off when the idle time ended in between.
test('is not idle while somebody who has connected may still ask', async () => {
  const asked = inFlight.connected()
  vi.advanceTimersByTime(10 * IDLE)
  expect(onIdle).not.toHaveBeenCalled()
  // Who does not ask holds nothing up that ends for another reason.
  await inFlight.ended(IDLE)
  const request = inFlight.begin()
  asked()
  asked()
  vi.advanceTimersByTime(10 * IDLE)
  expect(onIdle).not.toHaveBeenCalled()
  request[Symbol.dispose]()
  vi.advanceTimersByTime(IDLE + 1)
  expect(onIdle).toHaveBeenCalledOnce()
})

test('is not idle when somebody has connected while the time was over', () => {
  vi.advanceTimersToNextTimer()
  const asked = inFlight.connected()
  vi.advanceTimersByTime(IDLE)
  expect(onIdle).not.toHaveBeenCalled()
  asked()
  vi.advanceTimersByTime(IDLE + 1)
  expect(onIdle).toHaveBeenCalledOnce()
})
