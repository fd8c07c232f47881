import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTerminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('stats')
  const started = ['run', '-d', '--name']
  await lighter(...started, 'busy', image, 'sh', '-c', 'sleep 1000 & while :; do :; done')
  await lighter(...started, 'host', '--network', 'host', image, 'sleep', '1000')
  await lighter('create', '--name', 'idle', image)
})
afterAll(() => world.remove())

const row = async (name: string): Promise<Record<string, string>> => {
  const { stdout } = await lighter('stats', '--no-stream', '--format', 'json', name)
  return JSON.parse(stdout)
}

const SIZE = String.raw`[\d.]+[kKMG]?i?B`

test("Docker's table, the newest first", async () => {
  const { stdout, stderr, exitCode } = await lighter('stats', '--no-stream')
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  const [head, ...rows] = stdout.trimEnd().split('\n')
  expect(head).toMatch(
    /^CONTAINER ID {3}NAME {6}CPU % {5}MEM USAGE \/ LIMIT +MEM % {5}NET I\/O +BLOCK I\/O +PIDS$/,
  )
  expect(rows.map((line) => line.split(/ +/)[1])).toEqual(['host', 'busy'])
  for (const line of rows) {
    expect(line).toMatch(
      new RegExp(
        String.raw`^[0-9a-f]{12}   \w+ +[\d.]+% +${SIZE} / ${SIZE} +[\d.]+% +${SIZE} / ${SIZE} +${SIZE} / ${SIZE} +\d+$`,
      ),
    )
  }
})

test('--format takes templates and tables of them', async () => {
  const once = ['stats', '--no-stream', '--format']
  expect((await lighter(...once, '{{.Name}} {{.PIDs}}', 'busy')).stdout).toBe('busy 2\n')
  expect((await lighter(...once, 'table {{.Name}}\t{{.PIDs}}', 'busy')).stdout).toBe(
    'NAME      PIDS\nbusy      2\n',
  )
  expect(await lighter(...once, '{{', 'busy')).toMatchObject({
    exitCode: 1,
    stderr: 'template parsing error: template: :1: unclosed action\n',
  })
})

test('the numbers are of the container', async () => {
  const busy = await row('busy')
  expect(busy).toMatchObject({ Container: 'busy', Name: 'busy', PIDs: '2' })
  expect(Number.parseFloat(busy.CPUPerc ?? '')).toBeGreaterThan(1)
  expect(busy.MemUsage).not.toMatch(/^0B/)
  const host = await row('host')
  expect(host).toMatchObject({ PIDs: '1', NetIO: '0B / 0B' })
  expect(Number.parseFloat(host.CPUPerc ?? '')).toBeLessThan(1)
})

test('what a container received is counted', async () => {
  // What else comes meanwhile may take it from bytes to kilobytes.
  const bytes = async () => {
    const { NetIO = '' } = await row('busy')
    return Number.parseFloat(NetIO) * (/^[\d.]+kB/.test(NetIO) ? 1000 : 1)
  }
  const before = await bytes()
  await lighter('run', '--rm', image, 'ping', '-c', '1', '-W', '1', '172.17.0.2')
  expect(await bytes()).toBeGreaterThan(before)
})

test('one that does not run uses nothing, and is shown with -a or by name', async () => {
  const { stdout } = await lighter('stats', '--no-stream', '-a', '--no-trunc')
  expect(stdout).toMatch(/\n[0-9a-f]{64} +idle +0\.00% +0B \/ 0B +0\.00% +0B \/ 0B +0B \/ 0B +0\n/)
  expect(await row('idle')).toMatchObject({ CPUPerc: '0.00%', MemUsage: '0B / 0B', PIDs: '0' })
})

test('the screen is drawn anew, and ends with the last named container', async () => {
  const terminal = await openTerminal(world, ['stats', 'host'])
  const screen = /.\[2J.\[HCONTAINER ID[^\n]*\n[0-9a-f]{12} {3}host /
  await terminal.waitFor(screen)
  await terminal.waitFor(screen)
  await lighter('rm', '-f', 'host')
  expect(await Promise.race([terminal.exitCode(), sleep(60_000, 'still there')])).toBe(0)
})

test('a container that does not exist', async () => {
  expect(await lighter('stats', 'nosuch')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'Error response from daemon: No such container: nosuch\n',
  })
})
