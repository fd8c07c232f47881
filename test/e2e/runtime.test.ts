import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openTerminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

describe.each(inject('who'))('crun as the runtime, as %s', (who) => {
  let world: World
  const lighter = (...args: string[]) => world.lighter(args)
  const run = (...args: string[]) => lighter('run', '--rm', '--runtime', 'crun', ...args)

  beforeAll(async () => {
    world = makeWorld(`crun-${who}`, who)
    await lighter('pull', '-q', image)
  })
  afterAll(() => world.remove())

  test('output, exit code, network, user, volume', async () => {
    const script =
      'echo out; echo err >&2; ip route; id -u; test -f /etc/mine/passwd || exit 1; exit 7'
    const outcome = await run('-u', '1000', '-v', '/etc:/etc/mine:ro', image, 'sh', '-c', script)
    expect(outcome.stdout).toMatch(/^out\ndefault via .*\n.*\n1000\n$/)
    expect(outcome).toMatchObject({ exitCode: 7, stderr: 'err\n' })
  })

  test.each<[string, number, RegExp]>([
    ['nosuch', 127, /failed to create task for container: .*crun: .*nosuch/],
    ['/etc', 126, /failed to create task for container: .*crun: /],
    ['/etc/not-executable', 126, /failed to create task for container: .*crun: /],
  ])('a command that cannot run: %s', async (command, code, message) => {
    const outcome = await run('--network', 'none', image, command)
    expect(outcome.stderr).toMatch(message)
    expect(outcome.exitCode).toBe(code)
  })

  test('run -d, exec, logs, stop, start, rm', async () => {
    const script = 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done'
    await lighter('run', '-d', '--runtime', 'crun', '--name', 'other', image, 'sh', '-c', script)
    expect((await lighter('exec', 'other', 'sh', '-c', 'exit 9')).exitCode).toBe(9)
    expect((await lighter('logs', 'other')).stdout).toBe('up\n')
    expect((await lighter('stop', 'other')).exitCode).toBe(0)
    expect((await lighter('wait', 'other')).stdout).toBe('5\n')
    expect((await lighter('start', 'other')).exitCode).toBe(0)
    expect((await lighter('rm', '-f', 'other')).exitCode).toBe(0)
  })

  test('a terminal', async () => {
    const command = ['--network', 'none', '-it', image, 'sh']
    const terminal = await openTerminal(world, ['run', '--rm', '--runtime', 'crun', ...command])
    await terminal.waitFor(/# /)
    terminal.type('stty size; exit 4\r')
    await terminal.waitFor(/\n24 80\r/)
    expect(await terminal.exitCode()).toBe(4)
  })

  test('one that is not there', async () => {
    const outcome = await lighter('run', '--rm', '--runtime', 'nosuch', image, 'true')
    expect(outcome.stderr).toMatch(/unknown or invalid runtime name: nosuch/)
    expect(outcome.exitCode).toBe(125)
  })
})
