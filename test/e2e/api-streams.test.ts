import { describe, expect, test } from 'vitest'
import { begin, framesOf, hijack } from '../helpers/hijack.ts'
import { HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const ATTACH = 'stream=1&stdin=1&stdout=1&stderr=1'

const { world, service } = serve('api-streams', { quiet: true, removed: ['made'] })

const make = async (...args: string[]): Promise<void> => {
  const made = await world.lighter(['create', '--name', 'made', '--network', 'none', ...args])
  if (made.exitCode !== 0) throw new Error(made.stderr)
}
const post = (path: string, body?: unknown) => service.ask('POST', path, body)
const start = async () => (await post('/containers/made/start')).status
const waiting = (condition: string) =>
  begin(service.socket, `/v1.45/containers/made/wait?condition=${condition}`)
const attach = (query = ATTACH) => hijack(service.socket, `/v1.45/containers/made/attach?${query}`)

describe('start', () => {
  test('204, then 304; 404 and 409', async () => {
    await make(image, 'sleep', '1000')
    expect([await start(), await start()]).toEqual([204, 304])
    await world.lighter(['pause', 'made'])
    expect(await post('/containers/made/start')).toMatchObject({
      status: 409,
      text: '{"message":"cannot start a paused container, try unpause instead"}\n',
    })
    expect(await post('/containers/nosuch/start')).toMatchObject({
      status: 404,
      text: '{"message":"No such container: nosuch"}\n',
    })
  })

  test.each([
    ['nosuch', 'exec: "nosuch": executable file not found in $PATH', 127],
    ['/etc', 'exec: "/etc": is a directory: permission denied', 126],
  ])('of %s: 400 with the sentence, which stays', async (command, sentence, exitCode) => {
    await make(image, command)
    const answer = await post('/containers/made/start')
    const Message = `failed to create task for container: ${sentence}`
    expect([answer.status, answer.json()]).toEqual([400, { message: Message }])
    const waited = await post('/v1.45/containers/made/wait')
    expect(waited.json()).toEqual({ Error: { Message }, StatusCode: exitCode })
  })

  test('a throwaway that does not start goes', async () => {
    await make('--rm', image, 'nosuch')
    const removed = await waiting('removed')
    expect(await start()).toBe(400)
    expect(await removed.text).toMatch(/^\{"StatusCode":/)
    expect((await post('/containers/made/wait')).status).toBe(404)
  })
})

describe('wait', () => {
  const EXITS = ['sh', '-c', 'exit 7']

  test('of what does not run: at once', async () => {
    await make(image, ...EXITS)
    expect((await post('/v1.45/containers/made/wait')).text).toBe('{"StatusCode":0}\n')
    await start()
    await until(async () => (await post('/containers/made/wait')).json().StatusCode === 7)
  })

  test.each([
    ['next-exit', 'this service'],
    ['next-exit', 'the command line'],
    ['removed', 'this service'],
    ['removed', 'the command line'],
  ])('%s, started by %s', async (condition, by) => {
    await make('--rm', image, ...EXITS)
    const waited = await waiting(condition)
    if (by === 'this service') await start()
    else await world.lighter(['start', 'made'])
    expect(await waited.text).toBe('{"StatusCode":7}\n')
  })

  test('removed waits beyond the end, and for a removal without one', async () => {
    await make(image, ...EXITS)
    const removed = await waiting('removed')
    const ended = await waiting('next-exit')
    await start()
    expect(await ended.text).toBe('{"StatusCode":7}\n')
    await world.lighter(['rm', 'made'])
    expect(await removed.text).toBe('{"StatusCode":7}\n')
  })

  test('what is no condition', async () => {
    expect((await post('/v1.45/containers/made/wait?condition=x')).text).toBe(
      '{"message":"invalid condition: \\"x\\""}\n',
    )
  })
})

describe('attach', () => {
  test('before the start: nothing is lost, in frames', async () => {
    await make(image, 'sh', '-c', 'echo out; echo err >&2')
    const client = await attach()
    expect([client.status, client.type]).toEqual([101, 'application/vnd.docker.multiplexed-stream'])
    await start()
    expect(framesOf(await client.rest()).sort()).toEqual([
      [1, 'out\n'],
      [2, 'err\n'],
    ])
  })

  test('before a restart, too', async () => {
    await make(image, 'echo', 'again')
    const client = await attach()
    expect((await post('/containers/made/restart')).status).toBe(204)
    expect(framesOf(await client.rest())).toEqual([[1, 'again\n']])
  })

  test('older clients are told of a raw stream', async () => {
    await make(image, 'true')
    const client = await hijack(service.socket, `/v1.41/containers/made/attach?${ATTACH}`)
    expect(client.type).toBe('application/vnd.docker.raw-stream')
    await start()
    expect((await client.rest()).length).toBe(0)
  })

  test('only the streams that were asked for', async () => {
    await make(image, 'sh', '-c', 'echo out; echo err >&2')
    const client = await attach('stream=1&stderr=1')
    await start()
    expect(framesOf(await client.rest())).toEqual([[2, 'err\n']])
  })

  test('standard input, sent before the start, and its end', async () => {
    await make('-i', image, 'cat')
    const client = await attach()
    client.socket.end('typed early')
    await start()
    expect(framesOf(await client.rest())).toEqual([[1, 'typed early']])
  })

  test('large output to a slow client, byte for byte', async () => {
    await make('--log-driver', 'none', image, 'sh', '-c', 'seq 1 300000')
    const client = await attach()
    client.socket.pause()
    await start()
    setTimeout(() => client.socket.resume(), 300)
    const wanted = Array.from({ length: 300_000 }, (_, at) => `${at + 1}\n`).join('')
    expect(framesOf(await client.rest())).toEqual([[1, wanted]])
  })

  test('the log first, where it is asked for', async () => {
    await make(image, 'sh', '-c', 'echo out; echo err >&2')
    await start()
    await post('/containers/made/wait')
    const client = await attach('logs=1&stdout=1&stderr=1')
    expect(framesOf(await client.rest()).sort()).toEqual([
      [1, 'out\n'],
      [2, 'err\n'],
    ])
  })

  test('a terminal: bare bytes, its size, the keys that detach', async () => {
    await make('-it', image, 'sh')
    const client = await attach()
    expect(client.type).toBe('application/vnd.docker.raw-stream')
    await start()
    expect((await post('/containers/made/resize?h=33&w=77')).status).toBe(200)
    client.socket.write('stty size\n')
    await until(() => client.received().includes('33 77\r\n'))
    client.socket.write('exit 3\x10\x11')
    await client.rest()
    const again = await attach(`${ATTACH}&detachKeys=ctrl-a`)
    again.socket.write('\x01')
    await again.rest()
    const last = await attach()
    last.socket.write('\n')
    await last.rest()
    expect((await post('/v1.45/containers/made/wait')).text).toBe('{"StatusCode":3}\n')
    const { stdout } = await world.lighter(['events', '--since', '1h', '--until', '0s'])
    expect(stdout.match(/container detach /g)).toHaveLength(2)
  })

  test('started elsewhere: follows', async () => {
    await make('-it', image, 'sh', '-c', 'read line; echo got $line')
    const client = await attach()
    await world.lighter(['start', 'made'])
    client.socket.write('hello\n')
    await until(() => client.received().includes('got hello'))
    await client.rest()
  })

  test('clients that vanish do the container no harm', async () => {
    await make('-i', image, 'sh', '-c', 'while read line; do seq 1 20000; done; echo end')
    await start()
    for (let round = 0; round < 5; round++) {
      const client = await attach('stream=1&stdout=1')
      const talker = await attach('stream=1&stdout=1')
      await until(async () => (await post('/containers/made/resize?h=1&w=1')).status === 200)
      talker.socket.destroy()
      client.socket.destroy()
    }
    const last = await attach()
    last.socket.write('x\n')
    await until(() => last.received().includes('\n20000\n'))
    last.socket.end()
    expect(framesOf(await last.rest()).at(-1)?.[1]).toMatch(/\nend\n$/)
    expect((await post('/v1.45/containers/made/wait')).text).toBe('{"StatusCode":0}\n')
  })

  test('a container that is removed meanwhile', async () => {
    await make(image, 'sleep', '1000')
    const waiting = await attach()
    await start()
    const running = await attach()
    await world.lighter(['rm', '-f', 'made'])
    expect([await waiting.rest(), await running.rest()].map(({ length }) => length)).toEqual([0, 0])
  })

  test('without Upgrade: frames, and the end of the connection', async () => {
    await make(image, 'sh', '-c', 'echo out')
    const client = await begin(service.socket, '/v1.45/containers/made/attach?stream=1&stdout=1')
    await start()
    expect(framesOf(Buffer.from(await client.text))).toEqual([[1, 'out\n']])
  })

  test('wrong ones', async () => {
    await make(image, 'true')
    expect(await post('/containers/made/attach?detachKeys=ctrl-%C3%A4')).toMatchObject({
      status: 400,
      text: '{"message":"Invalid detach keys (ctrl-ä) provided"}\n',
    })
    expect((await post('/containers/nosuch/attach')).status).toBe(404)
    expect((await post('/containers/made/resize?h=1&w=1')).status).toBe(409)
    expect((await post('/containers/made/resize?h=x&w=1')).text).toBe(
      '{"message":"strconv.Atoi: parsing \\"x\\": invalid syntax"}\n',
    )
  })
})
