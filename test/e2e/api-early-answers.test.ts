import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startService, type TestService } from '../helpers/service.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('early-answers')
  service = await startService(world)
})
afterAll(async () => {
  expect(service?.log()).toBe('')
  await service?.stop()
  await world?.remove()
})

/** Sends a body in parts with pauses; returns the status, and how many parts were sent when it came. */
async function upload(path: string, parts: number, size: number): Promise<[number, number]> {
  const sent = request({ socketPath: service.socket, method: 'PUT', path, agent: false })
  let count = 0
  let answered: [number, number] | undefined
  sent.on('error', () => undefined)
  sent.on('response', (response) => {
    answered = [response.statusCode ?? 0, count]
    response.resume()
  })
  while (count < parts && !answered) {
    sent.write(Buffer.alloc(size))
    count++
    await sleep(20)
  }
  sent.end()
  if (!answered) await once(sent, 'response')
  return answered ?? [0, 0]
}

// So does a Docker Engine: clients write all of a small body before they look for an answer.
test('a refused upload is read, up to some size, before it is answered', async () => {
  const place = '/v1.51/containers/nosuch/archive?path=/'
  expect(await upload(place, 50, 1024)).toEqual([404, 50])
  const [status, count] = await upload(place, 500, 64 * 1024)
  expect(status).toBe(404)
  expect(count).toBeLessThan(500)
})

// Who sends nothing is not waited for.
test('a refused upload of which nothing comes is answered', async () => {
  const path = '/v1.51/containers/nosuch/archive?path=/'
  const sent = request({ socketPath: service.socket, method: 'PUT', path, agent: false })
  sent.on('error', () => undefined)
  sent.write('x')
  const [response] = await once(sent, 'response')
  expect(response.statusCode).toBe(404)
  sent.destroy()
})
