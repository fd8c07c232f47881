import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { CallSignals } from '../../../api/http/call-signals.ts'

test('a request ends with its client, and nothing of it stays', () => {
  const signals = new CallSignals()
  const [one, other] = [new EventEmitter(), new EventEmitter()]
  const first = signals.begin(one)
  const second = signals.begin(other)
  expect(signals.size).toBe(2)
  one.emit('close')
  expect([first.aborted, second.aborted]).toEqual([true, false])
  other.emit('close')
  expect(signals.size).toBe(0)
})

test('with the service ends what is under way, and what comes yet', () => {
  const signals = new CallSignals()
  const early = signals.begin(new EventEmitter())
  signals.abort()
  expect(early.aborted).toBe(true)
  expect(signals.begin(new EventEmitter()).aborted).toBe(true)
})
