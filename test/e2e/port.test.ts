import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('port')
  await lighter('create', '--name', 'web', 'lighter/hello')
})
afterAll(() => world.remove())

test('without published ports there is nothing to say', async () => {
  expect(await lighter('port', 'web')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
})

test.each([
  [['web', '80'], "Error: No public port '80' published for web"],
  [['web', '80/udp'], "Error: No public port '80/udp' published for web"],
  [['web', 'abc'], 'Error: invalid port (abc): strconv.ParseUint: parsing "abc": invalid syntax'],
  [
    ['web', '99999/tcp'],
    'Error: invalid port (99999): strconv.ParseUint: parsing "99999": value out of range',
  ],
  [['nosuch'], 'Error response from daemon: No such container: nosuch'],
])('%j', async (args, sentence) => {
  expect(await lighter('port', ...args)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${sentence}\n`,
  })
})

test('update publishes ports of a running container, and takes them back', async () => {
  await lighter('run', '-d', '--name', 'box', 'lighter/hello', 'sleep', '1000')
  const say = async (...args: string[]) => (await lighter(...args)).stderr
  expect(
    await say('update', '--publish-add', '127.0.0.1::80', '--publish-add', '81/udp', 'box'),
  ).toBe('')
  const { stdout } = await lighter('port', 'box')
  const places = stdout.replace(/\d+\n/g, 'N ')
  expect(places).toBe('80/tcp -> 127.0.0.1:N 81/udp -> 0.0.0.0:N 81/udp -> [::]:N ')
  const taken = stdout.match(/127\.0\.0\.1:(\d+)/)?.[1]
  expect(await say('update', '--publish-add', `127.0.0.1:${taken}:99`, 'box')).toBe(
    `Error response from daemon: Bind for 127.0.0.1:${taken} failed: port is already allocated\n`,
  )
  expect(await say('update', '--publish-rm', '99', 'box')).toMatch(/port 99\/tcp is not published/)
  expect(await say('update', '--publish-rm', '81/udp', 'box')).toBe('')
  expect((await lighter('port', 'box')).stdout).toBe(`80/tcp -> 127.0.0.1:${taken}\n`)
  await lighter('restart', '-t', '0', 'box')
  expect((await lighter('port', 'box')).stdout).toMatch(/^80\/tcp -> 127\.0\.0\.1:\d+\n$/)
  await lighter('rm', '-f', 'box')
})

test('update of a container without networks refuses ports', async () => {
  await lighter('create', '--name', 'alone', '--network', 'none', 'lighter/hello')
  const { exitCode, stderr } = await lighter('update', '--publish-add', '80', 'alone')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/ports cannot be published in network mode none/)
})
