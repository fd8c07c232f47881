import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const registry = inject('registry')
const image = `${registry}/busybox:latest`
const ID = /^sha256:[0-9a-f]{64}\n$/

let world: World
const run = (...args: string[]) => world.lighter(['run', '--rm', '--network', 'none', ...args])
const inspect = async (name: string) =>
  JSON.parse((await world.lighter(['image', 'inspect', name])).stdout)[0]

beforeAll(async () => {
  world = makeWorld('commit')
  await world.lighter(['pull', '-q', image])
  await world.lighter([
    'run',
    '--name',
    'plain',
    '-l',
    'a=b',
    '-e',
    'X=1',
    '--network',
    'none',
    image,
    'sh',
    '-c',
    'true',
  ])
})
afterAll(() => world.remove())

const SCRIPT = [
  'rm -r /home /etc/opaque && mkdir /etc/opaque && echo own > /etc/opaque/own',
  'echo hi > /new && ln /new /linked && chown 5:6 /new && chmod 4755 /new',
  'mkfifo /fifo && ln -s new /link && rm /bin/ls && mkdir /bin/ls',
].join(' && ')

describe.each(['overlay', 'fuse-overlayfs', 'copy'])('%s', (driver) => {
  test('the image has what the container had', async () => {
    const env = { LIGHTER_STORAGE_DRIVER: driver }
    const name = `changed-${driver}`
    await world.lighter(
      ['run', '--name', name, '-v', '/data', '--network', 'none', image, 'sh', '-c', SCRIPT],
      { env },
    )
    const committed = await world.lighter(['commit', name, `made-${driver}:1`], { env })
    expect(committed).toMatchObject({ exitCode: 0, stderr: '' })
    expect(committed.stdout).toMatch(ID)
    const look =
      'stat -c "%n %a %u:%g %h %F" /new /linked /fifo /link /bin/ls; find /etc/opaque /home'
    const { stdout } = await run(`made-${driver}:1`, 'sh', '-c', look)
    expect(stdout.trimEnd().split('\n')).toEqual([
      '/new 4755 5:6 2 regular file',
      '/linked 4755 5:6 2 regular file',
      '/fifo 644 0:0 1 fifo',
      '/link 777 0:0 1 symbolic link',
      '/bin/ls 755 0:0 2 directory',
      '/etc/opaque',
      '/etc/opaque/own',
    ])
    await world.lighter(['create', '--name', `again-${driver}`, `made-${driver}:1`], { env })
    expect((await world.lighter(['diff', `again-${driver}`], { env })).stdout).toBe('')
  })
})

test('a directory that was made anew, with another in it that was there before', async () => {
  const step = (name: string, from: string, script: string) =>
    world.lighter(['run', '--name', name, '--network', 'none', from, 'sh', '-c', script])
  await step('nested', image, 'mkdir -p /n/s/deep && touch /n/s/old')
  await world.lighter(['commit', 'nested', 'nested:1'])
  await step('anew', 'nested:1', 'rm -r /n && mkdir -p /n/s && touch /n/s/new')
  expect((await world.lighter(['diff', 'anew'])).stdout).toBe(
    'C /n\nC /n/s\nD /n/s/deep\nA /n/s/new\nD /n/s/old\n',
  )
  await world.lighter(['commit', 'anew', 'nested:2'])
  expect((await run('nested:2', 'find', '/n')).stdout).toBe('/n\n/n/s\n/n/s/new\n')
})

test('settings of the container, then the changes', async () => {
  const changes = [
    'CMD ["a","b"]',
    'ENV A=b C="d e"',
    'EXPOSE 80 81/udp',
    'LABEL x=y',
    'ONBUILD RUN x',
    'USER u',
    'VOLUME /v',
    'WORKDIR w',
    'STOPSIGNAL 9',
    'ENTRYPOINT x y',
  ]
  const flags = changes.flatMap((change) => ['-c', change])
  expect(
    (await world.lighter(['commit', '-a', 'me', '-m', 'msg', ...flags, 'plain', 'set:1'])).stdout,
  ).toMatch(ID)
  const document = await inspect('set:1')
  expect(document).toMatchObject({ Comment: 'msg', Author: 'me' })
  expect(document.Config).toMatchObject({
    Cmd: ['a', 'b'],
    Entrypoint: ['/bin/sh', '-c', 'x y'],
    ExposedPorts: { '80/tcp': {}, '81/udp': {} },
    Labels: { a: 'b', x: 'y', 'org.example.fixture': 'busybox' },
    OnBuild: ['RUN x'],
    User: 'u',
    Volumes: { '/v': {} },
    WorkingDir: '/w',
    StopSignal: '9',
  })
  expect(document.Config.Env).toEqual(expect.arrayContaining(['X=1', 'A=b', 'C=d e']))
  // The container changed nothing: a step without a layer.
  expect(document.RootFS.Layers).toHaveLength(2)
})

test.each([
  ['RUN x', 'RUN is not a valid change command'],
  ['FOO x', 'FOO is not a valid change command'],
  ['EXPOSE 99999', 'Invalid containerPort: 99999'],
  ['ENV', 'ENV requires at least one argument'],
  ['ENV a', 'ENV must have two arguments'],
  ['LABEL a', 'LABEL must have two arguments'],
  ['USER', 'USER requires exactly one argument'],
  ['STOPSIGNAL foo', 'invalid signal: foo'],
  ['HEALTHCHECK foo', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ['VOLUME []', 'VOLUME requires at least one argument'],
  ['', 'file with no instructions'],
  ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
])('the change %j is refused', async (change, sentence) => {
  expect(await world.lighter(['commit', '-c', change, 'plain'])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `Error response from daemon: ${sentence}\n`,
  })
})

test('bad names, and containers that are not there', async () => {
  const call = async (...args: string[]) => (await world.lighter(['commit', ...args])).stderr
  expect(await call('nosuch')).toBe('Error response from daemon: No such container: nosuch\n')
  expect(await call('plain', 'BAD:x')).toMatch(
    /^invalid reference format: repository name .*must be lowercase\n$/,
  )
  expect(await call('plain', `x@sha256:${'0'.repeat(64)}`)).toBe(
    'refusing to create a tag with a digest reference\n',
  )
})

test('an image without a name is there until it is removed', async () => {
  const id = (await world.lighter(['commit', 'plain'])).stdout.trim()
  expect((await run(id, 'echo', 'there')).stdout).toBe('there\n')
  expect((await world.lighter(['images', '-q', '--no-trunc'])).stdout).toContain(id)
  expect((await world.lighter(['rmi', id])).exitCode).toBe(0)
})

test('the same changes are the same layer', async () => {
  await world.lighter(['commit', 'plain', 'twin:1'])
  await world.lighter(['commit', 'plain', 'twin:2'])
  expect((await inspect('twin:1')).RootFS).toEqual((await inspect('twin:2')).RootFS)
})

test('skopeo copies it from the store to a registry, and it comes back', async () => {
  await world.lighter(['commit', '-c', 'CMD ["echo","travelled"]', 'plain', 'traveller:1'])
  const from = `oci:${world.data}:docker.io/library/traveller:1`
  const to = `docker://${registry}/traveller:1`
  execFileSync('skopeo', ['copy', '-q', '--insecure-policy', '--dest-tls-verify=false', from, to], {
    cwd: join(world.home),
  })
  await world.lighter(['rmi', 'traveller:1'])
  expect((await run(`${registry}/traveller:1`)).stdout).toBe('travelled\n')
})

test('a running container stands still meanwhile, and goes on', async () => {
  const loop = 'while :; do echo x >> /grows; done'
  await world.lighter(['run', '-d', '--name', 'busy', '--network', 'none', image, 'sh', '-c', loop])
  for (const flags of [[], ['--pause=false'], ['--no-pause']]) {
    expect((await world.lighter(['commit', ...flags, 'busy'])).stdout).toMatch(ID)
    const { State } = JSON.parse((await world.lighter(['inspect', 'busy'])).stdout)[0]
    expect(State).toMatchObject({ Running: true, Paused: false })
  }
})
