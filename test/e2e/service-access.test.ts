import { execFile } from 'node:child_process'
import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'
import { testUser } from '../helpers/world.ts'

const run = promisify(execFile)
/** A user that has nothing to do with it. */
const NOBODY = 65534

const { world, service } = serve('service-access')

/** The status and the body that a user gets; status 0: not even a connection. */
async function askAs(uid: number, socket: string, path = '/_ping'): Promise<[number, string]> {
  const words = ['-s', '-w', ' %{http_code}', '--unix-socket', socket, `http://d${path}`]
  const curl = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', 'curl', ...words]
  const { stdout } = await run('setpriv', curl).catch((error) => error)
  const [, body = '', status = '0'] = /^(.*) (\d+)$/s.exec(stdout) ?? []
  return [Number(status), body.trim()]
}

const REFUSED = [
  403,
  '{"message":"permission denied while trying to connect: the socket belongs to another user"}',
]

/** As somebody does who wants others in: the socket and the directories that lead to it. */
function loosen(socket: string, mode: number): void {
  chmodSync(world.runtime, 0o755)
  chmodSync(dirname(socket), 0o755)
  chmodSync(socket, mode)
}

test('another user does not reach it', async () => {
  const { uid } = world.ids
  expect(await askAs(uid, service.socket)).toEqual([200, 'OK'])
  expect(await askAs(0, service.socket)).toEqual([200, 'OK'])
  expect(await askAs(NOBODY, service.socket)).toEqual([0, ''])
})

test('nor is answered where the socket was opened to all; its own user, root and subordinate ids are', async () => {
  loosen(service.socket, 0o666)
  const { uid } = world.ids
  const [subordinate] = testUser().subuids
  expect(await askAs(NOBODY, service.socket)).toEqual(REFUSED)
  expect(await askAs(NOBODY, service.socket, '/containers/json')).toEqual(REFUSED)
  expect(await askAs(uid, service.socket)).toEqual([200, 'OK'])
  expect(await askAs(0, service.socket)).toEqual([200, 'OK'])
  expect(await askAs(subordinate + 1000, service.socket)).toEqual([200, 'OK'])
  // Closed again: whoever has waited in between is still asked.
  chmodSync(service.socket, 0o600)
  expect(await askAs(NOBODY, service.socket)).toEqual([0, ''])
  expect(await askAs(uid, service.socket)).toEqual([200, 'OK'])
  chmodSync(world.runtime, 0o700)
})

/** What systemd does: listens, and starts the program with the socket as its descriptor 3. */
const ACTIVATE = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], int(sys.argv[2], 8))
listener.listen(16)
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='lighter.socket')
os.execv(sys.argv[3], sys.argv[3:])
`

async function activate(name: string, mode: string) {
  const socket = join(world.sockets, name)
  const script = join(world.home, 'activate.py')
  writeFileSync(script, ACTIVATE)
  chmodSync(script, 0o644)
  const { inject } = await import('vitest')
  const program = [inject('program'), 'system', 'service', '--time', '2', 'fd://']
  const child = world.spawn('python3', [script, socket, mode, ...program])
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await until(() => said.includes('DOCKER_HOST=') || child.exitCode !== null, 'it listens')
  return { socket, child, said: () => said }
}

test('fd://: what systemd listens at, which stays when the service ends', async () => {
  const { socket, child, said } = await activate('given.sock', '600')
  expect(said()).toBe(`export DOCKER_HOST=unix://${socket}\n`)
  expect(await askAs(world.ids.uid, socket)).toEqual([200, 'OK'])
  await until(() => child.exitCode !== null, 'it ends when idle')
  expect(child.exitCode).toBe(0)
  expect(statSync(socket).isSocket()).toBe(true)
})

test('fd:// with another mode: strangers are told so', async () => {
  const { socket, child } = await activate('open.sock', '666')
  chmodSync(world.runtime, 0o755)
  chmodSync(dirname(socket), 0o755)
  expect(await askAs(NOBODY, socket)).toEqual(REFUSED)
  expect(await askAs(world.ids.uid, socket)).toEqual([200, 'OK'])
  child.kill('SIGTERM')
  await until(() => child.exitCode !== null, 'it ends')
})

test('fd:// without sockets', async () => {
  const { exitCode, stderr } = await world.lighter(['system', 'service', 'fd://'])
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(/^fd:\/\/: no sockets were handed over/),
  ])
})
