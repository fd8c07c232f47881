import { readdirSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { containersOf, HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const { world, service, ask } = serve('api-logs', { quiet: true, removed: ['made'] })

const { run: make } = containersOf({ ask })

const logs = (query: string, version = '') =>
  service.ask('GET', `${version}/containers/made/logs?${query}`)

/** Until a line is in the log. */
const untilSaid = (text: string) =>
  until(async () => (await logs('stdout=1&stderr=1')).text.includes(text), `it says ${text}`)

/** Part of a script: waits for `go(name)`, so that what follows is another thing to whoever reads both streams. */
const gate = (name: string) => `until [ -e /${name} ]; do usleep 20000; done`
const go = (name: string) => world.lighter(['exec', 'made', 'touch', `/${name}`])

/** What each frame of a multiplexed stream says. */
function frames(bytes: Buffer): [number, string][] {
  const found: [number, string][] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4)
    // No `expect`: some have hundreds of thousands.
    if (bytes.readUIntBE(at + 1, 3) !== 0) throw new Error(`No frame at ${at}`)
    found.push([bytes[at] ?? 0, bytes.subarray(at + 8, at + 8 + length).toString('utf8')])
    at += 8 + length
  }
  return found
}

/** An answer that is read while it comes. */
async function open(path: string): Promise<{
  text: () => string
  vanish: () => void
  ended: Promise<unknown>
}> {
  const sent = request({ socketPath: service.socket, path, agent: false })
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end()
  })
  sent.on('error', () => undefined)
  response.on('error', () => undefined)
  let text = ''
  response.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  return {
    text: () => text,
    vanish: () => sent.destroy(),
    ended: new Promise((resolve) => response.once('close', resolve)),
  }
}

const descriptors = () => readdirSync(`/proc/${service.child.pid}/fd`).length

describe('logs', () => {
  test('frames of both streams, and what of them is wanted', async () => {
    await make(`echo one; ${gate('a')}; echo two >&2; ${gate('b')}; printf three`)
    await untilSaid('one')
    await go('a')
    await untilSaid('two')
    await go('b')
    await untilSaid('three')
    const all = await logs('stdout=1&stderr=1')
    expect(all.headers['content-type']).toBe('application/vnd.docker.multiplexed-stream')
    expect(frames(all.body)).toEqual([
      [1, 'one\n'],
      [2, 'two\n'],
      [1, 'three'],
    ])
    expect(frames((await logs('stderr=1')).body)).toEqual([[2, 'two\n']])
    expect(frames((await logs('stdout=1&tail=2')).body)).toEqual([[1, 'three']])
    expect(frames((await logs('stdout=1&tail=0')).body)).toEqual([])
    expect(frames((await logs('stdout=1&tail=all')).body)).toHaveLength(2)
    const old = await logs('stdout=1', '/v1.41')
    expect(old.headers['content-type']).toBe('application/vnd.docker.raw-stream')
    expect(old.body).toEqual((await logs('stdout=1')).body)
  })

  test('times', async () => {
    await make(`echo one; ${gate('a')}; echo two`)
    await untilSaid('one')
    await go('a')
    await untilSaid('two')
    const lines = frames((await logs('stdout=1&timestamps=1')).body).map(([, text]) => text)
    expect(lines).toEqual([
      expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n$/),
      expect.stringMatching(/Z two\n$/),
    ])
    const [, second = ''] = lines
    const at = Date.parse(second.slice(0, 23).concat('Z')) / 1000
    expect(frames((await logs(`stdout=1&since=${at}`)).body)).toEqual([[1, 'two\n']])
    expect(frames((await logs(`stdout=1&until=${at}`)).body)).toEqual([[1, 'one\n']])
    expect(frames((await logs('stdout=1&since=0&until=0')).body)).toHaveLength(2)
  })

  test('a terminal has one stream', async () => {
    await make('echo one; echo two >&2', { Tty: true })
    await untilSaid('two')
    const { headers, text } = await logs('stdout=1&stderr=1')
    expect(headers['content-type']).toBe('application/vnd.docker.raw-stream')
    expect(text).toBe('one\r\ntwo\r\n')
  })

  test('what is wrong', async () => {
    await make('echo one', { HostConfig: { NetworkMode: 'none', LogConfig: { Type: 'none' } } })
    const wrong = async (path: string) => {
      const { status, json } = await service.ask('GET', path)
      return [status, json().message]
    }
    expect(await wrong('/containers/nosuch/logs')).toEqual([
      400,
      'Bad parameters: you must choose at least one stream',
    ])
    expect(await wrong('/containers/nosuch/logs?stdout=1')).toEqual([
      404,
      'No such container: nosuch',
    ])
    expect(await wrong('/containers/made/logs?stdout=1')).toEqual([
      501,
      'configured logging driver does not support reading',
    ])
    await world.lighter(['rm', '-f', 'made'])
    await make('echo one')
    expect(await wrong('/containers/made/logs?stdout=1&since=yesterday')).toEqual([
      400,
      'strconv.ParseInt: parsing "yesterday": invalid syntax',
    ])
  })

  test('followed, until the end', async () => {
    await make(`echo one; ${gate('go')}; echo two`)
    const followed = await open('/containers/made/logs?stdout=1&follow=1')
    await until(() => followed.text().includes('one'), 'the first line')
    expect(followed.text()).not.toContain('two')
    await world.lighter(['exec', 'made', 'touch', '/go'])
    await followed.ended
    expect(frames(Buffer.from(followed.text(), 'latin1'))).toEqual([
      [1, 'one\n'],
      [1, 'two\n'],
    ])
  })

  test('followed by clients that go away, and of a container that does', async () => {
    await make('echo one; sleep 1000')
    await untilSaid('one')
    const before = descriptors()
    const many = await Promise.all(
      Array.from({ length: 10 }, () => open('/containers/made/logs?stdout=1&follow=1')),
    )
    expect(descriptors()).toBeGreaterThan(before)
    for (const followed of many) followed.vanish()
    await until(() => descriptors() <= before, 'all is closed')
    const last = await open('/containers/made/logs?stdout=1&follow=1')
    await service.ask('DELETE', '/containers/made?force=1')
    await last.ended
  })

  test('many lines are the same as the command line shows', async () => {
    await make('seq 200000')
    await until(
      async () => (await logs('stdout=1&tail=1')).text.includes('200000'),
      'the last line',
    )
    const { body } = await logs('stdout=1')
    const text = frames(body)
      .map(([, line]) => line)
      .join('')
    expect(text).toBe((await world.lighter(['logs', 'made'])).stdout)
  })
})

describe('stats', () => {
  const stats = (query: string) => service.ask('GET', `/containers/made/stats?${query}`)

  test('one look', async () => {
    await make('sleep 1000')
    const shot = (await stats('stream=0&one-shot=1')).json()
    expect(shot).toMatchObject({
      preread: '0001-01-01T00:00:00Z',
      pids_stats: { current: 1 },
      memory_stats: { limit: expect.any(Number), usage: expect.any(Number) },
      name: '/made',
    })
    expect(shot.memory_stats.usage).toBeGreaterThan(0)
    expect((await stats('one-shot=1')).status).toBe(400)
  })

  test('the share of the processor, from two looks', async () => {
    await make('while :; do :; done')
    const { cpu_stats, precpu_stats, read, preread } = (await stats('stream=0')).json()
    expect(Date.parse(read) - Date.parse(preread)).toBeGreaterThan(900)
    const used = cpu_stats.cpu_usage.total_usage - precpu_stats.cpu_usage.total_usage
    const all = cpu_stats.system_cpu_usage - precpu_stats.system_cpu_usage
    expect(used).toBeGreaterThan(0)
    expect(used).toBeLessThanOrEqual(all)
    expect(cpu_stats.online_cpus).toBeGreaterThan(0)
  })

  test('one that does not run', async () => {
    await service.ask('POST', '/containers/create?name=made', { Image: image })
    expect((await stats('stream=0')).json()).toMatchObject({
      read: '0001-01-01T00:00:00Z',
      memory_stats: {},
      name: '/made',
    })
  })

  test('a stream ends with its client, or its container', async () => {
    await make('sleep 1000')
    const before = descriptors()
    const first = await open('/containers/made/stats')
    const second = await open('/containers/made/stats?stream=1')
    await until(() => first.text().split('\n').length > 2, 'two documents')
    const [one = '', two = ''] = first.text().split('\n')
    expect(JSON.parse(two).preread).toBe(JSON.parse(one).read)
    first.vanish()
    await service.ask('DELETE', '/containers/made?force=1')
    await second.ended
    await until(() => descriptors() <= before, 'all is closed')
  })
})
