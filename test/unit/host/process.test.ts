import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { isAlive, ownIdentity, readIdentity } from '../../../lib/host/process.ts'

test('a process is known by pid, start time and boot', async () => {
  const child = spawn('sleep', ['60'])
  const identity = readIdentity(child.pid ?? 0)
  if (!identity) throw new Error('no identity')
  expect(isAlive(identity)).toBe(true)
  expect(isAlive({ ...identity, startTime: '1' })).toBe(false)
  expect(isAlive({ ...identity, bootId: 'another' })).toBe(false)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(isAlive(identity)).toBe(false)
  expect(readIdentity(identity.pid)).toBeUndefined()
})

test('this process is alive', () => {
  expect(isAlive(ownIdentity())).toBe(true)
})
