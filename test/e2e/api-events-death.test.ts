import { appendFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startService, type TestService } from '../helpers/service.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('events-death')
  service = await startService(world)
})
afterAll(async () => {
  expect(service?.log()).toBe('')
  await service?.stop()
  await world?.remove()
})

// Compose 2.40 looks at the container when it hears of its end; `up` hung where it still ran then.
test('who hears that a container died finds it dead', async () => {
  const run = await world.lighter(['run', '-d', '--name', 'box', image, 'sleep', '1000'])
  const id = run.stdout.trim()
  const stream = request({ socketPath: service.socket, path: '/v1.51/events', agent: false })
  stream.on('error', () => undefined)
  const told = new Promise<string>((resolve) => {
    stream.on('response', (response) => {
      response.on('error', () => undefined)
      let text = ''
      response.on('data', (chunk: Buffer) => {
        text += chunk
        if (text.includes('"Action":"die"')) resolve(text)
      })
      // The journal is written before the state is; that it takes longer is what a busy disk does.
      const nanoseconds = `${Date.now()}000000`
      appendFileSync(
        join(world.data, 'events/journal.jsonl'),
        `{"Type":"container","Action":"die","Actor":{"ID":"${id}","Attributes":{}},"scope":"local","time":1,"timeNano":${nanoseconds}}\n`,
      )
      void world.lighter(['kill', 'box'])
    })
  })
  stream.end()
  expect(await told).toContain(id)
  const { State } = (await service.ask('GET', '/containers/box/json')).json()
  expect(State).toMatchObject({ Running: false, Status: 'exited' })
  stream.destroy()
})
