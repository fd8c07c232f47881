import { request } from 'node:http'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { processesOf } from '../helpers/leftovers.ts'
import { PACKED } from '../helpers/packed.ts'
import { type Answer, startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('api-files')
  service = await startService(world)
})
afterEach(async () => {
  expect(service.log()).toBe('')
  await world.lighter(['rm', '-fv', 'made', 'never'])
})
afterAll(async () => {
  await service?.stop()
  await world?.remove()
})

const path = (text: string, more = '') =>
  `/containers/made/archive?path=${encodeURIComponent(text)}${more}`
const get = (text: string) => service.ask('GET', path(text))
const put = (text: string, entries: ArchiveEntry[] | Buffer, more = '') =>
  service.ask('PUT', path(text, more), Buffer.isBuffer(entries) ? entries : makeArchive(entries))
const statOf = ({ headers }: Answer) =>
  JSON.parse(
    Buffer.from(String(headers['x-docker-container-path-stat']), 'base64').toString('utf8'),
  )
const hasExpander = () => processesOf(testUser()).some((line) => / (\S*\/)?(xz|bzip2) /.test(line))
const messageOf = ({ status, json }: Answer) => [status, json().message]

/** A container whose files are tried, running or not. */
async function make(script: string, more: object = {}, runs = false): Promise<void> {
  const document = {
    Image: image,
    Cmd: ['sh', '-c', `${script}${runs ? '; touch /ready; sleep 1000' : ''}`],
    HostConfig: { NetworkMode: 'none' },
    ...more,
  }
  expect((await service.ask('POST', '/containers/create?name=made', document)).status).toBe(201)
  expect((await service.ask('POST', '/containers/made/start')).status).toBe(204)
  if (runs) await until(async () => (await get('/ready')).status === 200, 'it is ready')
  else await until(async () => (await stateOf('made')) === 'exited', 'it has ended')
}

const stateOf = async (name: string): Promise<string> =>
  (await service.ask('GET', `/containers/${name}/json`)).json().State.Status

const inside = async (script: string): Promise<string> =>
  (await world.lighter(['exec', 'made', 'sh', '-c', script])).stdout

async function listing(archive: Buffer): Promise<string[]> {
  const { Parser } = await import('tar')
  const names: string[] = []
  const parser = new Parser({
    onReadEntry: (entry) => {
      names.push(entry.path)
      entry.resume()
    },
  })
  await new Promise((resolve, reject) => {
    parser.on('end', resolve).on('error', reject)
    Readable.from([archive]).pipe(parser)
  })
  return names
}

describe('looking', () => {
  test('a file, a directory, a link and its target', async () => {
    await make(
      'mkdir -p /d/sub; chmod 1777 /d; echo hello >/d/f; chmod 4750 /d/f; ln -s sub /d/l; ln -s ../l /d/sub/up; ln -s loop /loop',
    )
    const look = async (text: string) => statOf(await service.ask('HEAD', path(text)))
    expect(await look('/d/f')).toEqual({
      name: 'f',
      size: 6,
      mode: 2 ** 23 + 0o750,
      mtime: expect.stringMatching(/^20\d\d-.*Z$/),
      linkTarget: '',
    })
    expect(await look('d/')).toMatchObject({ name: 'd', mode: 2 ** 31 + 2 ** 20 + 0o777 })
    expect(await look('/')).toMatchObject({ name: '/', linkTarget: '' })
    expect(await look('/d/sub/up')).toMatchObject({ name: 'up', linkTarget: '/d/sub' })
    expect((await look('/d/l')).mode).toBe(2 ** 27 + 0o777)
    expect((await look('/loop')).linkTarget).toBe('/loop')
    // What leads up stays inside.
    expect(await look('/../../../d/f')).toMatchObject({ name: 'f', size: 6 })
  })

  test('what is not there, and what is no path', async () => {
    await make('true')
    expect((await service.ask('HEAD', path('/nosuch'))).status).toBe(404)
    expect(messageOf(await get('/nosuch'))).toEqual([
      404,
      'Could not find the file /nosuch in container made',
    ])
    for (const text of ['', '/a\0b']) expect((await get(text)).status).toBe(400)
    expect((await service.ask('GET', '/containers/made/archive')).status).toBe(400)
    expect(messageOf(await service.ask('GET', '/containers/nosuch/archive?path=/'))).toEqual([
      404,
      'No such container: nosuch',
    ])
  })
})

describe('reading', () => {
  test.each([true, false])('files and trees, of one that runs: %s', async (runs) => {
    await make('mkdir -p /d/sub; echo hello >/d/sub/f; ln -s sub /d/l', {}, runs)
    const tree = await get('/d')
    expect([tree.status, tree.headers['content-type']]).toEqual([200, 'application/x-tar'])
    expect(statOf(tree).name).toBe('d')
    expect(await listing(tree.body)).toEqual(
      expect.arrayContaining(['d/', 'd/l', 'd/sub/', 'd/sub/f']),
    )
    expect(await listing((await get('/d/.')).body)).toContain('./sub/f')
    expect(await listing((await get('/d/sub/f')).body)).toEqual(['f'])
    expect(await listing((await get('/d/l')).body)).toEqual(['l'])
  })

  test('a link of the container leads nowhere else', async () => {
    await make('ln -s / /root-link; ln -s ../../../../etc /up')
    const { body } = await get('/up/passwd')
    expect(body.toString('latin1')).toContain('root:x:0:0')
    expect(body.toString('latin1')).not.toContain(testUser().name)
  })

  test('the event', async () => {
    await make('true')
    await get('/etc')
    await put('/tmp', [{ path: 'x' }])
    const { stdout } = await world.lighter([
      'events',
      '--since',
      '1m',
      '--until',
      '0s',
      '-f',
      'container=made',
      '--format',
      '{{.Action}}',
    ])
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['archive-path', 'extract-to-dir']))
  })
})

describe('writing', () => {
  test.each([true, false])('an archive, into one that runs: %s', async (runs) => {
    await make('true', {}, runs)
    const answer = await put('/tmp', [
      { path: 'd', type: 'Directory', mode: 0o700, uid: 5, gid: 6 },
      { path: 'd/f', data: 'hello', mode: 0o640, uid: 7, gid: 8 },
      { path: 'l', type: 'SymbolicLink', linkpath: 'd/f' },
    ])
    expect([answer.status, answer.text]).toEqual([200, ''])
    if (!runs) return
    expect(await inside('cat /tmp/l; stat -c "%n %a %u:%g" /tmp/d /tmp/d/f')).toBe(
      'hello/tmp/d 700 5:6\n/tmp/d/f 640 7:8\n',
    )
  })

  test('to the user of the container', async () => {
    await make('true', { User: 'nobody' })
    const sent = [{ path: 'f', data: 'x', uid: 7, gid: 8 }]
    expect((await put('/home', sent, '&copyUIDGID=true')).status).toBe(200)
    const { body } = await get('/home/f')
    const { Header } = await import('tar')
    const passwd = (await get('/etc/passwd')).body.toString('latin1')
    const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(passwd) ?? []
    const header = new Header(body)
    expect([header.uid, header.gid]).toEqual([Number(uid), Number(gid)])
  })

  test('a directory and another object in each other’s place', async () => {
    await make('mkdir -p /w/d/deep; echo x >/w/d/deep/f; echo x >/w/f', {}, true)
    const turned: ArchiveEntry[] = [
      { path: 'd', data: 'file' },
      { path: 'f', type: 'Directory' },
    ]
    for (const [at, text] of [
      'cannot overwrite directory "/w/d" with non-directory "/w"',
      'cannot overwrite non-directory "/w/f" with directory "/w"',
    ].entries()) {
      const answer = await put('/w', turned.slice(at, at + 1), '&noOverwriteDirNonDir=true')
      expect(messageOf(answer)).toEqual([400, text])
    }
    expect(await inside('cat /w/d/deep/f /w/f')).toBe('x\nx\n')
    expect((await put('/w', turned)).status).toBe(200)
    expect(await inside('cat /w/d; ls -d /w/f/')).toBe('file/w/f/\n')
  })

  test('where nothing can be written', async () => {
    await make('true', {
      HostConfig: { NetworkMode: 'none', ReadonlyRootfs: true, Binds: ['/tmp:/ro:ro', 'vol:/rw'] },
    })
    const entries = [{ path: 'f', data: 'x' }]
    expect(messageOf(await put('/etc', entries))).toEqual([
      400,
      'container rootfs is marked read-only',
    ])
    expect(messageOf(await put('/ro', entries))).toEqual([
      400,
      'mounted volume is marked read-only',
    ])
    expect((await put('/rw', entries)).status).toBe(200)
    expect(messageOf(await put('/etc/passwd', entries))).toEqual([
      400,
      'extraction point is not a directory',
    ])
    expect(messageOf(await put('/nosuch', entries))).toEqual([
      404,
      'Could not find the file /nosuch in container made',
    ])
    expect(messageOf(await put('/rw', Buffer.from('nonsense')))).toEqual([400, 'unexpected EOF'])
  })

  test.each(PACKED)('an archive compressed with %s', async (_name, pack) => {
    await make('mkdir /w')
    const data = 'x'.repeat(3_000_000)
    const packed = pack(makeArchive([{ path: 'd/f', data }]))
    expect((await put('/w', packed)).status).toBe(200)
    expect(statOf(await service.ask('HEAD', path('/w/d/f')))).toMatchObject({ size: data.length })
    expect(messageOf(await put('/w', packed.subarray(0, packed.length - 30)))).toEqual([
      400,
      'unexpected EOF',
    ])
    // The program is not left waiting for the rest.
    expect(messageOf(await put('/w', pack(Buffer.alloc(3_000_000, 1))))).toEqual([
      400,
      expect.stringMatching(/^(archive\/tar: invalid tar header|unexpected EOF)$/),
    ])
    await until(() => !hasExpander(), 'the programs that expand have ended')
  })

  test('archives that lie write nothing outside', async () => {
    await make('ln -s /etc /w-link; mkdir /w; ln -s ../.. /w/up')
    const outside = await put('/w', [{ path: '../escaped', data: 'x' }])
    expect([outside.status, outside.json().message]).toEqual([
      400,
      expect.stringContaining('leads out of the destination'),
    ])
    // A link on the way counts inside the container only.
    expect((await put('/w', [{ path: 'up/in-root', data: 'x' }])).status).toBe(200)
    expect((await get('/in-root')).status).toBe(200)
    expect((await put('/w-link', [{ path: 'in-etc', data: 'x' }])).status).toBe(200)
    expect((await get('/etc/in-etc')).status).toBe(200)
  })

  test('a client that goes away in the middle leaves no process', async () => {
    await make('true')
    const before = processesOf(testUser()).length
    const sent = request({
      ...{ socketPath: service.socket, method: 'PUT', path: path('/tmp'), agent: false },
      headers: { 'Content-Type': 'application/x-tar', 'Content-Length': 10_000_000 },
    })
    sent.on('error', () => undefined)
    sent.write(makeArchive([{ path: 'big', data: Buffer.alloc(100_000) }]).subarray(0, 50_000))
    await until(() => processesOf(testUser()).length > before, 'it is being unpacked')
    sent.destroy()
    await until(() => processesOf(testUser()).length <= before, 'nothing is left of it')
    expect((await put('/tmp', [{ path: 'after', data: 'x' }])).status).toBe(200)
  })
})
