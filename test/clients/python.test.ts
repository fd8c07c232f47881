import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { startService, type TestService } from '../helpers/service.ts'
import { makeWorld, type World } from '../helpers/world.ts'
import { pullBusybox } from './images.ts'

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('python')
  await pullBusybox(world)
  service = await startService(world)
})
afterAll(async () => {
  await service?.stop()
  await world?.remove()
})

test('Docker’s library for Python', async () => {
  const script = join(world.home, 'python_docker.py')
  copyFileSync(new URL('python_docker.py', import.meta.url), script)
  const env = { DOCKER_HOST: service.host, REGISTRY: inject('registry') }
  const done = await world.run('/usr/bin/python3', [script, '-v'], { env, timeout: 300_000 })
  console.log(done.stderr)
  expect(done.stderr).toMatch(/\nOK\n$/)
  expect(service.log()).toBe('')
})
