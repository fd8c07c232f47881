import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askAt, startService } from '../helpers/service.ts'
import { openCall } from '../helpers/service-stream.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
let usual: string

beforeAll(() => {
  world = makeWorld('service-mount')
  usual = join(world.sockets, 'docker.sock')
})
afterAll(async () => {
  // It would stay for another minute.
  await world?.run('pkill', ['-u', String(world.ids.uid), '-f', `service .*unix://${usual}$`])
  await until(() => !existsSync(usual), 'the service ends')
  await world?.remove()
})

interface Inspected {
  State: { Pid: number; Status: string }
  Mounts: { Source: string; Destination: string }[]
  HostConfig: { Binds: string[] }
}

async function inspect(name: string): Promise<Inspected> {
  return JSON.parse((await world.lighter(['inspect', name])).stdout)[0]
}

/** Who answers at a path in a container, as its root: what the containers are that it sees. */
async function askInside(name: string, path: string): Promise<string[]> {
  const { Pid } = (await inspect(name)).State
  const answer = await askAt(`/proc/${Pid}/root${path}`, 'GET', '/containers/json')
  return answer.json().flatMap(({ Names }: { Names: string[] }) => Names)
}

test.each([
  ['-v', '/var/run/docker.sock:/var/run/docker.sock'],
  ['-v', '/run/docker.sock:/sock:ro'],
  ['--mount', 'type=bind,source=/var/run/docker.sock,target=/var/run/docker.sock'],
])('%s %s: a service is started, and stays while the container runs', async (flag, mount) => {
  const up = ['--name', 'agent', flag, mount, image, 'sleep', '1000']
  expect((await world.lighter(['run', '-d', ...up])).stderr).toBe('')
  const [own] = (await inspect('agent')).Mounts
  expect(own?.Source).toMatch(/^(\/var)?\/run\/docker\.sock$/)
  expect(await askInside('agent', own?.Destination ?? '')).toEqual(['/agent'])
  const shown = await world.lighter(['exec', 'agent', 'ls', '-ln', own?.Destination ?? ''])
  expect(shown.stdout).toMatch(/^srw------- +1 0 +0 /)
  expect(existsSync('/var/run/docker.sock')).toBe(false)
  await world.lighter(['rm', '-f', 'agent'])
})

test('the path of lighter’s own socket is no directory that has to be made', async () => {
  const mount = `${usual}:/var/run/docker.sock`
  await world.lighter(['run', '-d', '--name', 'own', '-v', mount, image, 'sleep', '1000'])
  expect(await askInside('own', '/var/run/docker.sock')).toEqual(['/own'])
  await world.lighter(['rm', '-f', 'own'])
})

test('a service gives its own socket, and does not end while a container has it', async () => {
  const path = join(world.home, 'ci.sock')
  const service = await startService(world, ['--time', '1'], path)
  // It does not end before the container is there, however long that takes.
  const watching = await openCall(path, 'GET', '/events')
  const created = await service.ask('POST', '/containers/create?name=ryuk', {
    Image: image,
    Cmd: ['sleep', '1000'],
    HostConfig: { Binds: ['/var/run/docker.sock:/var/run/docker.sock:rw'] },
  })
  expect(created.status).toBe(201)
  expect((await service.ask('POST', '/containers/ryuk/start')).status).toBe(204)
  watching.vanish()
  const { State, HostConfig } = await inspect('ryuk')
  expect(HostConfig.Binds).toEqual(['/var/run/docker.sock:/var/run/docker.sock:rw'])
  // Twice its idle time and more: what is waited for is that nothing happens.
  await new Promise((resolve) => setTimeout(resolve, 2500))
  const socket = `/proc/${State.Pid}/root/var/run/docker.sock`
  expect((await askAt(socket, 'GET', '/_ping')).headers.server).toMatch(/^lighter\//)
  expect(service.child.exitCode).toBe(null)
  await world.lighter(['rm', '-f', 'ryuk'])
  await until(() => service.child.exitCode !== null, 'it ends when idle')
  expect(service.child.exitCode).toBe(0)
})

test('a container that is started again has a socket again', async () => {
  const flags = ['-v', '/var/run/docker.sock:/var/run/docker.sock']
  await world.lighter(['run', '-d', '--name', 'again', ...flags, image, 'sleep', '1000'])
  await world.lighter(['stop', '-t', '0', 'again'])
  await world.lighter(['start', 'again'])
  expect(await askInside('again', '/var/run/docker.sock')).toEqual(['/again'])
  await world.lighter(['rm', '-f', 'again'])
})
