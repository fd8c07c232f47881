import { beforeAll, describe, expect, test } from 'vitest'
import { framesOf, hijack } from '../helpers/hijack.ts'
import { HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const OUTPUTS = { AttachStdout: true, AttachStderr: true }
const ALL = { ...OUTPUTS, AttachStdin: true }

let container: string

const { world, service, restart } = serve('api-exec', { quiet: true })
beforeAll(async () => {
  const args = ['run', '-d', '--name', 'host', '--network', 'none', image, 'sleep', '9999']
  container = (await world.lighter(args)).stdout.trim()
})

const post = (path: string, body?: unknown) => service.ask('POST', path, body)
const create = async (command: string[], more: object = OUTPUTS): Promise<string> =>
  (await post('/v1.45/containers/host/exec', { Cmd: command, ...more })).json().Id
const start = (id: string, body: object = {}) =>
  hijack(service.socket, `/v1.45/exec/${id}/start`, body)
const inspect = async (id: string) => (await service.ask('GET', `/v1.45/exec/${id}/json`)).json()
const exitCode = async (id: string): Promise<number> => {
  await until(async () => (await inspect(id)).ExitCode !== null)
  return (await inspect(id)).ExitCode
}
const shell = (script: string): string[] => ['sh', '-c', script]

describe('create', () => {
  test('what inspect says of it', async () => {
    const id = await create(['sh', '-c', 'exit 1'], {
      ...ALL,
      User: '0',
      Privileged: true,
      DetachKeys: 'ctrl-a,x',
      Unknown: 1,
    })
    expect(id).toMatch(/^[0-9a-f]{64}$/)
    expect(await inspect(id)).toEqual({
      ID: id,
      Running: false,
      ExitCode: null,
      ProcessConfig: {
        tty: false,
        entrypoint: 'sh',
        arguments: ['-c', 'exit 1'],
        privileged: true,
        user: '0',
      },
      OpenStdin: true,
      OpenStderr: true,
      OpenStdout: true,
      CanRemove: false,
      ContainerID: container,
      DetachKeys: 'AXg=',
      Pid: 0,
    })
  })

  test.each([
    [{}, 400, 'No exec command specified'],
    [
      { Cmd: ['a', 1] },
      400,
      'invalid JSON: json: cannot unmarshal number into Go struct field ExecConfig.Cmd of type string',
    ],
    [{ Cmd: ['a'], DetachKeys: 'long' }, 400, 'Invalid escape keys (long) provided'],
  ])('%j: %i', async (body, status, message) => {
    const answer = await post('/v1.45/containers/host/exec', body)
    expect([answer.status, answer.json()]).toEqual([status, { message }])
  })

  test('only in what runs', async () => {
    await world.lighter(['create', '--name', 'idle', '--network', 'none', image, 'true'])
    const idle = await post('/v1.45/containers/idle/exec', { Cmd: ['true'] })
    expect([idle.status, idle.text]).toEqual([
      409,
      expect.stringMatching(/^\{"message":"container [0-9a-f]{64} is not running"\}\n$/),
    ])
    await world.lighter(['pause', 'host'])
    const paused = await post('/v1.45/containers/host/exec', { Cmd: ['true'] })
    await world.lighter(['unpause', 'host'])
    expect([paused.status, paused.json()]).toEqual([
      409,
      { message: 'Container host is paused, unpause the container before exec' },
    ])
    expect((await post('/v1.45/containers/nosuch/exec', { Cmd: ['true'] })).status).toBe(404)
  })
})

describe('start', () => {
  test('both outputs in frames, then the exit code', async () => {
    const id = await create(shell('echo out; echo err >&2; exit 3'))
    const client = await start(id)
    expect([client.status, client.type]).toEqual([101, 'application/vnd.docker.multiplexed-stream'])
    expect(framesOf(await client.rest()).sort()).toEqual([
      [1, 'out\n'],
      [2, 'err\n'],
    ])
    const { Running, ExitCode, Pid } = await inspect(id)
    expect([Running, ExitCode, Pid > 0]).toEqual([false, 3, true])
    const again = await post(`/v1.45/exec/${id}/start`, {})
    expect([again.status, again.json()]).toEqual([
      409,
      { message: `Error: Exec command ${id} has already run` },
    ])
  })

  test('environment, directory, user', async () => {
    const id = await create(shell('echo $SECRET; pwd; id -u'), {
      ...OUTPUTS,
      Env: ['SECRET=x y'],
      WorkingDir: '/tmp',
      User: 'nobody',
    })
    expect(framesOf(await (await start(id)).rest())).toEqual([[1, 'x y\n/tmp\n65534\n']])
  })

  test('much in both directions, byte for byte', async () => {
    const id = await create(['cat'], ALL)
    const client = await start(id)
    const sent = Array.from({ length: 300_000 }, (_, at) => `${at}\n`).join('')
    client.socket.end(sent)
    expect(framesOf(await client.rest())).toEqual([[1, sent]])
    expect(await exitCode(id)).toBe(0)
  })

  test.each([
    ['nosuch', 127, 'exec: "nosuch": executable file not found in $PATH: unknown'],
    ['/etc', 126, 'exec: "/etc": is a directory: unknown: permission denied'],
  ])('of %s: said where the output would be', async (command, code, sentence) => {
    const id = await create([command])
    const begins = 'OCI runtime exec failed: exec failed: unable to start container process: '
    expect(framesOf(await (await start(id)).rest())).toEqual([[1, `${begins}${sentence}\r\n`]])
    expect(await inspect(id)).toMatchObject({ Running: false, ExitCode: code })
  })

  test('in a directory that is none', async () => {
    const sentence = 'OCI runtime exec failed: exec failed: Cwd must be an absolute path: unknown'
    const id = await create(['true'], { ...OUTPUTS, WorkingDir: 'rel' })
    expect(framesOf(await (await start(id)).rest())).toEqual([[1, `${sentence}\r\n`]])
    expect(await inspect(id)).toMatchObject({ Running: false, ExitCode: 126 })
    const other = await create(['true'], { WorkingDir: 'rel' })
    const refused = await post(`/v1.45/exec/${other}/start`, { Detach: true })
    expect([refused.status, refused.json()]).toEqual([500, { message: sentence }])
  })

  test('of a client without Upgrade: frames, and the end of the connection', async () => {
    const id = await create(shell('echo out; echo err >&2'))
    const { headers, body } = await post(`/v1.45/exec/${id}/start`, {})
    expect([headers['content-type'], headers.connection]).toEqual([
      'application/vnd.docker.raw-stream',
      'close',
    ])
    expect(framesOf(body).sort()).toEqual([
      [1, 'out\n'],
      [2, 'err\n'],
    ])
  })

  test('detached', async () => {
    const id = await create(shell('until [ -e /go ]; do usleep 20000; done; exit 9'), {})
    expect((await post(`/v1.45/exec/${id}/start`, { Detach: true })).status).toBe(200)
    const { Running, ExitCode, Pid } = await inspect(id)
    expect([Running, ExitCode, Pid > 0]).toEqual([true, null, true])
    await world.lighter(['exec', 'host', 'touch', '/go'])
    expect(await exitCode(id)).toBe(9)
    const wrong = await create(['nosuch'], {})
    const refused = await post(`/v1.45/exec/${wrong}/start`, { Detach: true })
    expect([refused.status, refused.json().message]).toEqual([
      400,
      expect.stringMatching(/"nosuch": executable file not found in \$PATH: unknown$/),
    ])
  })

  test('many detached at once: each end is noted', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => create(shell('exit 9'), {})))
    const started = ids.map((id) => post(`/v1.45/exec/${id}/start`, { Detach: true }))
    expect((await Promise.all(started)).map(({ status }) => status)).toEqual(ids.map(() => 200))
    expect(await Promise.all(ids.map(exitCode))).toEqual(ids.map(() => 9))
  })

  test('a terminal: its first size, others, the keys that detach', async () => {
    const id = await create(['sh'], { ...ALL, Tty: true, ConsoleSize: [20, 70] })
    const client = await start(id, { Tty: true })
    expect(client.type).toBe('application/vnd.docker.raw-stream')
    client.socket.write('stty size\n')
    await until(() => client.received().includes('20 70\r\n'))
    expect((await post(`/v1.45/exec/${id}/resize?h=31&w=91`)).status).toBe(200)
    client.socket.write('stty size\n')
    await until(() => client.received().includes('31 91\r\n'))
    client.socket.write('\x10\x11')
    await client.rest()
    expect(await inspect(id)).toMatchObject({ Running: true, ExitCode: null })
    const { stdout } = await world.lighter(['events', '--since', '1h', '--until', '0s'])
    expect(stdout).toMatch(new RegExp(`container exec_detach .*execID=${id}`))
  })

  test('the size of what has none', async () => {
    const id = await create(['true'])
    await (await start(id)).rest()
    const refused = await post(`/v1.45/exec/${id}/resize?h=1&w=1`)
    expect([refused.status, refused.json()]).toEqual([
      500,
      { message: 'cannot resize a stopped container' },
    ])
  })

  test('what is not there', async () => {
    const message = 'No such exec instance: abc'
    for (const answer of [
      await service.ask('GET', '/exec/abc/json'),
      await post('/exec/abc/start', {}),
      await post('/exec/abc/resize?h=1&w=1'),
    ]) {
      expect([answer.status, answer.json()]).toEqual([404, { message }])
    }
  })
})

describe('who goes before the process ends', () => {
  const WRITES = shell('while [ ! -e /tmp/go ]; do seq 1 9999; done; rm /tmp/go; cat; exit 4')
  const go = () => world.lighter(['exec', 'host', 'touch', '/tmp/go'])

  test('the client: it writes on, and reads an end', async () => {
    const id = await create(WRITES, ALL)
    const client = await start(id)
    await until(() => client.received().length > 0)
    client.socket.destroy()
    expect(await inspect(id)).toMatchObject({ Running: true })
    await go()
    expect(await exitCode(id)).toBe(4)
  })

  test('the service, killed: another one finds the end', async () => {
    const id = await create(WRITES, ALL)
    const client = await start(id)
    client.socket.on('error', () => {})
    await until(() => client.received().length > 0)
    service.child.kill('SIGKILL')
    await until(() => service.child.signalCode !== null)
    await restart()
    expect(await inspect(id)).toMatchObject({ Running: true, ExitCode: null })
    await go()
    expect(await exitCode(id)).toBe(4)
  })

  test('the container', async () => {
    const args = ['run', '-d', '-i', '--name', 'gone', '--network', 'none', image, 'cat']
    await world.lighter(args)
    const { Id } = (
      await post('/v1.45/containers/gone/exec', { Cmd: ['sleep', '1000'], ...ALL })
    ).json()
    const client = await start(Id)
    await until(async () => (await inspect(Id)).Running)
    await world.lighter(['rm', '-f', 'gone'])
    expect((await client.rest()).length).toBe(0)
    expect((await service.ask('GET', `/exec/${Id}/json`)).status).toBe(404)
  })
})
