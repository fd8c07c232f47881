import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { INIT } from '../helpers/init.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
const lighter = (...args: string[]) => world.lighter(args)

/** What a container's resolver says: the lines after the server's own. */
async function ask(container: string, name: string): Promise<string> {
  const { stdout } = await lighter('exec', container, 'nslookup', name, '127.0.0.11')
  return stdout.split('\n').slice(3).join('\n')
}

const addressOf = async (container: string, network: string): Promise<string> => {
  const path = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`
  return (await lighter('inspect', '-f', path, container)).stdout.trim()
}

/** The name servers of the test user: at most one. */
const servers = (): number[] =>
  processesOf(testUser())
    .filter((line) => line.endsWith(' lighter-native names'))
    .map((line) => Number.parseInt(line, 10))

beforeAll(async () => {
  world = makeWorld('names')
  for (const args of [['front'], ['back'], ['--internal', 'inner']])
    await lighter('network', 'create', ...args)
  const start = ['run', '-d', ...INIT, '--name']
  const sleep = [image, 'sleep', '1000']
  await lighter(...start, 'web', '--network', 'front', '--network-alias', 'www', ...sleep)
  await lighter(...start, 'box', '--network', 'front', ...sleep)
  await lighter(...start, 'db', '--network', 'back', ...sleep)
  await lighter(...start, 'cell', '--network', 'inner', ...sleep)
})
afterAll(() => world.remove())

test('containers find each other by name, alias, short id and address', async () => {
  const address = await addressOf('web', 'front')
  const id = (await lighter('inspect', '-f', '{{.Id}}', 'web')).stdout.slice(0, 12)
  expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
  for (const name of ['web', 'WEB', 'web.front', 'www', id])
    expect(await ask('box', name)).toContain(address)
  expect(await ask('box', address)).toContain('web.front')
  const ping = await lighter('exec', 'box', 'ping', '-c', '1', 'web')
  expect(ping.stdout).toContain(`(${address})`)
})

test('an address that the network does not have is refused before there is a container', async () => {
  const wish = ['--name', 'nowhere', '--network', 'front', '--ip', '192.0.2.1', image, 'true']
  const { exitCode, stderr } = await lighter('run', ...wish)
  expect(exitCode).toBe(125)
  expect(stderr).toContain(
    'supported only when connecting to networks with user configured subnets',
  )
  expect((await lighter('create', ...wish)).exitCode).toBe(1)
  expect((await lighter('ps', '-aq', '-f', 'name=nowhere')).stdout).toBe('')
})

test('names of other networks do not exist, until they are connected', async () => {
  const address = await addressOf('db', 'back')
  expect(await ask('box', 'db.back')).not.toContain(address)
  await lighter('network', 'connect', '--alias', 'store', 'back', 'box')
  expect(await ask('box', 'db')).toContain(address)
  expect(await ask('db', 'store')).toContain(await addressOf('box', 'back'))
  await lighter('network', 'disconnect', 'back', 'box')
  expect(await ask('box', 'db.back')).not.toContain(address)
})

test('what an internal network asks stays inside', async () => {
  const { stdout, stderr } = await lighter('exec', 'cell', 'nslookup', 'example.org', '127.0.0.11')
  expect(stdout + stderr).toContain('SERVFAIL')
  expect(await ask('cell', 'cell')).toContain(await addressOf('cell', 'inner'))
})

test('a name server that is killed is back without a command, the last one ends', async () => {
  const [server] = servers()
  expect(servers()).toEqual([server])
  process.kill(Number(server), 'SIGKILL')
  const address = await addressOf('web', 'front')
  await until(async () => (await ask('box', 'web')).includes(address))
  expect(servers()).toHaveLength(1)
  expect(servers()).not.toEqual([server])
  // A monitor started it, inside its own mount namespace: the container's root must not stay mounted.
  expect(readFileSync(`/proc/${servers()[0]}/mountinfo`, 'utf8')).not.toContain('/bundle/rootfs')
  await lighter('rm', '-f', 'web', 'box', 'db', 'cell')
  await until(() => servers().length === 0)
})
