import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Startups } from '../../../api/streams/startups.ts'

test('who waits is connected by whoever starts the container, but for those whom its monitor finds', async () => {
  const startups = new Startups()
  const told = startups.next('one', '')
  const attached = startups.next('one', 'oe')
  const found = startups.next('one', undefined)
  const other = startups.next('two', 'o')
  const early = startups.early('one')
  expect(early.map(({ streams }) => streams)).toEqual(['', 'oe'])
  const sockets = early.map(({ connected }) => {
    const socket = new Socket()
    connected(socket)
    return socket
  })
  expect(await told.startup).toEqual({ kind: 'connected', socket: sockets[0] })
  expect(await attached.startup).toEqual({ kind: 'connected', socket: sockets[1] })
  expect(startups.early('one')).toEqual([])
  found.nudge()
  expect(await found.startup).toEqual({ kind: 'look' })
  startups.failed('two')
  expect(await other.startup).toEqual({ kind: 'failed' })
})

test('more than the native program takes find the container by themselves', () => {
  const startups = new Startups()
  for (let count = 0; count < 100; count++) startups.next('one', count % 2 === 0 ? '' : undefined)
  for (let count = 0; count < 100; count++) startups.next('one', 'o')
  expect(startups.early('one')).toHaveLength(64)
})
