import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { openTerminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const busybox = `${inject('registry')}/busybox:latest`

let world: World
beforeAll(() => {
  world = makeWorld('terminal')
})
afterAll(() => world.remove())

test('Ctrl-C reaches the program', async () => {
  const terminal = await openTerminal(world, ['run', '-it', '--rm', busybox])
  await terminal.waitFor(/# /)
  // While the shell itself reads, its terminal makes no signals: wait for the program.
  terminal.type("sh -c 'echo asleep-$((1 + 1)); exec sleep 1000'\r")
  await terminal.waitFor(/asleep-2\r\n/)
  terminal.type('\x03')
  await terminal.waitFor(/# /)
  terminal.type('exit\r')
  expect(await terminal.exitCode()).toBe(130)
})

test('Ctrl-P Ctrl-Q leaves it running, attach comes back, the terminal is restored', async () => {
  const first = await openTerminal(world, ['run', '-it', '--name', 'detached', busybox])
  await first.waitFor(/# /)
  first.type('\x10\x11')
  expect(await first.exitCode()).toBe(0)
  expect((await world.lighter(['ps'])).stdout).toMatch(/\bdetached\n/)

  const second = await openTerminal(world, ['attach', 'detached'])
  second.type('echo back-$((40 + 2))\r')
  await second.waitFor(/back-42/)
  second.type('exit 3\r')
  expect(await second.exitCode()).toBe(3)
  expect((await world.lighter(['rm', 'detached'])).stdout).toBe('detached\n')
})

test('exec -it has a terminal of its own size', async () => {
  await world.lighter(['run', '-d', '--name', 'host', busybox, 'sleep', '1000'])
  const terminal = await openTerminal(world, ['exec', '-it', 'host', 'sh'], {
    rows: 33,
    columns: 99,
  })
  await terminal.waitFor(/# /)
  terminal.type('stty size; tty\r')
  await terminal.waitFor(/33 99\r\n\/dev\/pts\/\d+/)
  terminal.type('exit 5\r')
  expect(await terminal.exitCode()).toBe(5)
  await world.lighter(['rm', '-f', 'host'])
})

test('-t without a terminal is refused as Docker does', async () => {
  const outcome = await world.lighter(['run', '--rm', '-it', busybox, 'true'])
  expect(outcome.exitCode).toBe(1)
  expect(outcome.stderr).toMatch(/the input device is not a TTY/)
})
