import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { askAt } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let socket: string
const service = (...args: string[]) => world.lighter(['system', 'service', ...args])

beforeAll(() => {
  world = makeWorld('service-start')
  socket = join(world.sockets, 'docker.sock')
})
afterAll(() => world?.remove())

describe('--background', () => {
  test('returns once it listens; one that is there is used; it ends when idle', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => service('--background', '--time', '2')))
    for (const answer of answers) {
      expect(answer).toEqual({
        exitCode: 0,
        stdout: `export DOCKER_HOST=unix://${socket}\n`,
        stderr: '',
      })
    }
    expect((await askAt(socket, 'GET', '/_ping')).text).toBe('OK')
    expect((statSync(socket).mode & 0o777).toString(8)).toBe('600')
    await until(() => !existsSync(socket), 'it ends')
  })

  test('what keeps it from listening is told', async () => {
    const { exitCode, stderr } = await service('--background', 'unix:///nosuch/dir/x.sock')
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^the service does not start: .*\/nosuch/),
    ])
    const long = `unix://${join(world.sockets, 'x'.repeat(100))}`
    expect((await service('--background', long)).stderr).toMatch(
      /\/x{100}: the path of a socket has at most 107 bytes/,
    )
    expect((await service('--background', 'tcp://127.0.0.1:1')).stderr).toBe(
      '--background is for unix:///PATH\n',
    )
    expect((await service('--background', '--install')).stderr).toBe(
      '--install and --background exclude each other\n',
    )
  })
})

describe('--install', () => {
  test('writes units, says what to do, and can be done again and undone', async () => {
    const directory = join(world.home, '.config/systemd/user')
    const first = await service('--install')
    expect(first.exitCode).toBe(0)
    for (const name of ['lighter.socket', 'lighter.service']) {
      expect(first.stdout).toContain(`Wrote ${join(directory, name)}\n`)
    }
    expect(first.stdout).toContain('$ systemctl --user enable --now lighter.socket\n')
    expect(first.stdout).toContain(`$ export DOCKER_HOST=unix://${socket}\n`)
    expect(first.stdout).toContain(
      `$ docker context create lighter --docker host=unix://${socket}\n`,
    )
    const unit = readFileSync(join(directory, 'lighter.service'), 'utf8')
    expect(unit).toMatch(
      /^Environment="XDG_DATA_HOME=.*"\nExecStart="\/.*" system service --time 60 fd:\/\/$/m,
    )
    const listener = readFileSync(join(directory, 'lighter.socket'), 'utf8')
    expect(listener).toMatch(/^ListenStream=%t\/lighter\/docker\.sock\nSocketMode=0600$/m)
    const second = await service('--install')
    expect([second.exitCode, second.stdout]).toEqual([0, expect.not.stringContaining('Wrote')])
    expect((await service('--uninstall')).stdout.split('\n').sort()).toEqual([
      '',
      `Removed ${join(directory, 'lighter.service')}`,
      `Removed ${join(directory, 'lighter.socket')}`,
    ])
    expect((await service('--uninstall')).stdout).toBe('It was not installed.\n')
  })
})
