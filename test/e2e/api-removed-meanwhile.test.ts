import { readdirSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { withDescendants } from '../helpers/leftovers.ts'
import { type OpenStream, openStream, UPGRADE, WEBSOCKET } from '../helpers/open-stream.ts'
import { containersOf, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

const MIB = 1024 * 1024

/** Each stream, or work under way, of a container that somebody removes by force meanwhile. */
const { world, service, ask } = serve('api-removed', { quiet: true })
const { create, start } = containersOf({ ask })

const descriptors = () => readdirSync(`/proc/${service.child.pid}/fd`).length
const processes = () => withDescendants([service.child.pid ?? 0]).length
let before: { descriptors: number; processes: number }

const remove = async () => {
  expect((await ask('DELETE', '/containers/made?force=1')).status).toBe(204)
}
const open = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  openStream(service.socket, { method, path: `/v1.45/containers/made/${path}`, headers })
const post = (path: string, headers = {}) => open(path, headers, 'POST')

const SLEEP = ['sleep', '1000']
const makes = (more: object = {}) => create('made', { Cmd: SLEEP, ...more })
const runs = async (more: object = {}) => {
  await makes(more)
  await start('made')
}
/** With more files than fit on the way to a client that does not read. */
const FILES = 8
const runsBig = async () => {
  const script = `mkdir /big; for i in $(seq ${FILES}); do dd if=/dev/zero of=/big/$i bs=1M count=4; done 2>/dev/null; touch /done; sleep 1000`
  await runs({ Cmd: ['sh', '-c', script] })
  await until(
    async () => (await ask('HEAD', '/containers/made/archive?path=/done')).status === 200,
    'its files are there',
  )
}
const stopsBig = async () => {
  await runsBig()
  expect((await ask('POST', '/containers/made/stop?t=0')).status).toBe(204)
}
const exec = async (Tty: boolean): Promise<OpenStream> => {
  const wishes = { Cmd: SLEEP, Tty, AttachStdin: true, AttachStdout: true, AttachStderr: true }
  const made = await ask('POST', '/v1.45/containers/made/exec', wishes)
  const path = `/v1.45/exec/${made.json().Id}`
  const start = { method: 'POST', path: `${path}/start`, headers: UPGRADE, body: { Tty } }
  const stream = await openStream(service.socket, start)
  await until(async () => (await ask('GET', `${path}/json`)).json().Pid > 0, 'it runs')
  return stream
}

beforeAll(async () => {
  // What the first of each kind loads, or has opened once, stays open.
  await runs()
  const events = await openStream(service.socket, { path: '/events' })
  const process = await exec(false)
  await remove()
  await process.ended
  for (const stream of [events, process]) stream.vanish()
})
beforeEach(() => {
  before = { descriptors: descriptors(), processes: processes() }
})
afterEach(async () => {
  expect((await ask('GET', '/_ping')).text).toBe('OK')
  expect((await ask('GET', '/containers/made/json')).status).toBe(404)
  await until(() => descriptors() <= before.descriptors, 'its descriptors are closed')
  await until(() => processes() <= before.processes, 'its processes have ended')
})

const ATTACH = 'stream=1&stdin=1&stdout=1&stderr=1'
/** Its frame of an end with the code 1000. */
const WEBSOCKET_END = '\x88\x02\x03\xe8'

describe('a stream ends', () => {
  test.each<[string, () => Promise<unknown>, () => Promise<OpenStream>, number, string | RegExp]>([
    ['attach', runs, () => post(`attach?${ATTACH}`, UPGRADE), 101, ''],
    [
      'attach to a terminal',
      () => runs({ Tty: true, OpenStdin: true }),
      () => post(`attach?${ATTACH}`, UPGRADE),
      101,
      '',
    ],
    ['attach without Upgrade', runs, () => post('attach?stream=1&stdout=1'), 200, ''],
    // Docker leaves this one open for ever.
    ['attach before a start', makes, () => post(`attach?${ATTACH}`, UPGRADE), 101, ''],
    ['a websocket', runs, () => open(`attach/ws?${ATTACH}`, WEBSOCKET), 101, WEBSOCKET_END],
    [
      'a websocket before a start',
      makes,
      () => open(`attach/ws?${ATTACH}`, WEBSOCKET),
      101,
      WEBSOCKET_END,
    ],
    ['logs', runs, () => open('logs?stdout=1&follow=1'), 200, ''],
    ['logs before a start', makes, () => open('logs?stdout=1&follow=1'), 200, ''],
    ['stats', runs, () => open('stats'), 200, /^(\{.*\}\n)*$/],
    ['stats before a start', makes, () => open('stats'), 200, /^(\{.*\}\n)*$/],
    ['wait', runs, () => post('wait'), 200, '{"StatusCode":137}\n'],
    [
      'wait for the next exit',
      runs,
      () => post('wait?condition=next-exit'),
      200,
      '{"StatusCode":137}\n',
    ],
    [
      'wait for the next exit before a start',
      makes,
      () => post('wait?condition=next-exit'),
      200,
      '{"StatusCode":0}\n',
    ],
    [
      'wait for the removal',
      runs,
      () => post('wait?condition=removed'),
      200,
      '{"StatusCode":137}\n',
    ],
    [
      'wait for the removal before a start',
      makes,
      () => post('wait?condition=removed'),
      200,
      '{"StatusCode":0}\n',
    ],
    ['exec', runs, () => exec(false), 101, ''],
    ['exec in a terminal', runs, () => exec(true), 101, ''],
  ])('%s', async (_, prepare, begin, status, said) => {
    await prepare()
    const stream = await begin()
    expect(stream.status).toBe(status)
    await remove()
    expect(await stream.ended).toBe('whole')
    const text = stream.bytes().toString('latin1')
    if (typeof said === 'string') expect(text).toBe(said)
    else expect(text).toMatch(said)
    stream.vanish()
  })

  // Docker's removal waits for whoever reads an archive. Here it does not: what is then not whole must not look whole.
  test.each([
    ['a tree of a container that runs', runsBig, 'archive?path=/big'],
    ['a tree of one that has ended', stopsBig, 'archive?path=/big'],
    ['the export of one that runs', runsBig, 'export'],
    ['the export of one that has ended', stopsBig, 'export'],
  ])('%s, cut', async (_, prepare, path) => {
    await prepare()
    const stream = await open(path)
    stream.pause()
    expect(stream.status).toBe(200)
    await remove()
    stream.resume()
    expect(await stream.ended).toBe('cut')
  })
})

test('events go on, and tell of the removal', async () => {
  await runs()
  const filters = encodeURIComponent('{"container":["made"]}')
  const events = await openStream(service.socket, { path: `/events?filters=${filters}` })
  await remove()
  await until(() => events.bytes().includes('"Action":"destroy"'), 'the removal is told')
  const actions = events.bytes().toString().trim().split('\n')
  expect(actions.map((line) => JSON.parse(line).Action)).toEqual(['kill', 'die', 'destroy'])
  expect(await Promise.race([events.ended, Promise.resolve('open')])).toBe('open')
  events.vanish()
})

test('an archive that is being unpacked is taken to its end', async () => {
  await runs()
  const body = new PassThrough()
  const answer = openStream(service.socket, {
    method: 'PUT',
    path: '/v1.45/containers/made/archive?path=/tmp',
    headers: { 'Content-Type': 'application/x-tar' },
    body,
  })
  const archive = makeArchive([{ path: 'file', data: Buffer.alloc(4 * MIB) }])
  body.write(archive.subarray(0, MIB))
  await until(
    async () => (await ask('HEAD', '/containers/made/archive?path=/tmp/file')).status === 200,
    'it is being unpacked',
  )
  await remove()
  body.end(archive.subarray(MIB))
  const { status, ended } = await answer
  expect([status, await ended]).toEqual([200, 'whole'])
})

test('an image is whole, or not made', async () => {
  await runsBig()
  const commit = ask('POST', '/commit?container=made&repo=kept&pause=0', {})
  await remove()
  const { status } = await commit
  const images = await ask('GET', '/images/kept/json')
  expect([
    [201, 200],
    [404, 404],
  ]).toContainEqual([status, images.status])
  if (status !== 201) return
  const listed = await world.lighter(['run', '--rm', '--network', 'none', 'kept', 'ls', '/big'])
  expect(listed.stdout.split('\n').filter(Boolean)).toHaveLength(FILES)
  await ask('DELETE', '/images/kept')
})

test.each([
  ['GET', 'changes', [200, 404]],
  ['GET', 'top', [200, 404, 409, 500]],
  ['GET', 'stats?stream=0', [200, 404]],
  ['POST', 'resize?h=10&w=20', [200, 404, 409]],
  ['POST', 'stop?t=100', [204, 304, 404]],
  ['POST', 'kill', [204, 404, 409]],
  ['POST', 'pause', [204, 404, 409, 500]],
  ['POST', 'restart?t=100', [204, 404, 409, 500]],
])('%s %s is answered', async (method, path, statuses) => {
  await runs({ Tty: true })
  const answer = ask(method, `/v1.45/containers/made/${path}`)
  await remove()
  expect(statuses).toContain((await answer).status)
  // A restart may have been faster.
  await ask('DELETE', '/containers/made?force=1')
})
