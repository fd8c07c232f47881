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
