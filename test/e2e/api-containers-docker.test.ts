import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { dockerPrograms } from '../fixtures/clients.ts'
import { HELLO as image, serve } from '../helpers/served.ts'
import type { Outcome } from '../helpers/world.ts'

const { world, service } = serve('api-docker', { quiet: true, removed: ['made', 'same'] })
/** Docker's own client. */
let program: string

beforeAll(async () => {
  program = dockerPrograms(inject('cache')).docker
  await world.lighter(['network', 'create', '--subnet', '10.77.0.0/24', 'nn'])
  await world.lighter(['create', '--name', 'other', '-v', '/data', '--ipc', 'shareable', image])
})
afterAll(() => world.lighter(['rm', '-fv', 'other']))

const docker = (...args: string[]): Promise<Outcome> =>
  world.run(program, args, { env: { DOCKER_HOST: service.host } })
const said = async (...args: string[]): Promise<string> => {
  const outcome = await docker(...args)
  expect(outcome, args.join(' ')).toMatchObject({ exitCode: 0, stderr: '' })
  return outcome.stdout
}

/** The document of a container without what two made alike have each of its own; Docker's client sends variables in any order. */
async function documentOf(name: string): Promise<object> {
  const [found] = JSON.parse((await world.lighter(['inspect', name])).stdout)
  found.Config.Env.sort()
  const text = JSON.stringify({ ...found, Created: '' })
  return JSON.parse(
    text
      .replaceAll(found.Id, 'ID')
      .replaceAll(found.Id.slice(0, 12), 'SHORT')
      .replaceAll(`/${name}`, '/NAME'),
  )
}

describe('what Docker’s client makes is what the command line makes', () => {
  test.each([
    '',
    '-it --entrypoint sh -e A=1 -e B=2 -l b=2 -l a=1',
    '-i -u 1:1 --group-add 5 -w /x -h host --domainname dom',
    '-p 8080:80 -p 127.0.0.1:53:53/udp -p 9000-9001:9000-9001 --expose 99',
    '-v vol:/v -v /tmp:/t:ro,rshared --tmpfs /r:size=1m',
    '--mount type=bind,src=/tmp,dst=/b,bind-recursive=writable,readonly --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0700',
    '--mount type=volume,src=mv,dst=/m,volume-nocopy,volume-label=x=y --mount type=volume,src=sv,dst=/s,volume-subpath=a/b',
    '--network none --init --read-only',
    '--network nn --ip 10.77.0.5 --network-alias al --mac-address 02:42:ac:11:00:09',
    '--network nn --link other:o',
    '--network missing',
    '--network container:other',
    '--dns 1.1.1.1 --dns-option a:b --dns-search x.y --add-host a:1.2.3.4 --add-host b:host-gateway',
    '--privileged --security-opt label=disable',
    '--security-opt no-new-privileges --security-opt seccomp=unconfined',
    '--device /dev/null:/dev/x:r --device-cgroup-rule "c 1:3 rwm" --gpus 2 --ulimit nofile=10:20 --shm-size 1m',
    '--sysctl net.ipv4.ip_forward=1 --oom-score-adj 100 --annotation a=b',
    '--ipc host --pid host --uts host --cgroupns host',
    '--ipc container:other --volumes-from other:ro',
    '--log-driver json-file --log-opt max-size=1m --log-opt max-file=2',
    '--rm --stop-signal USR1 --stop-timeout 3',
    '--restart on-failure:3',
    '--health-cmd true --health-interval 5s --health-retries 2 --health-start-period 1s --health-timeout 3s',
    '--no-healthcheck',
  ])('create %s', async (flags) => {
    const words = [...flags.matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, word]) => quoted ?? word ?? '',
    )
    const through = await docker('create', '--name', 'made', ...words, image, 'true')
    const own = await world.lighter(['create', '--name', 'same', ...words, image, 'true'])
    expect([through.exitCode, through.stderr]).toEqual([0, own.stderr])
    expect(await documentOf('made')).toEqual(await documentOf('same'))
  })
})

describe('what Docker’s client says is what the command line says', () => {
  test.each([
    '--mount type=bind,src=/nosuch,dst=/x',
    '--mount type=nosuch,src=/x,dst=/x',
    '-v x:y',
    '-v /tmp:/t:bad',
    '--ipc bad',
    '--cap-add bad',
    '-w rel',
    '--log-driver bad',
    '--log-opt bad=1',
    '--restart bad',
    '--runtime nosuch',
    '--storage-opt size=1g',
    '--volumes-from nosuch',
    '--link nosuch:x',
    '--volume-driver nosuch -v vol2:/q',
    '--memory 1m',
    '--cpus 1000',
    '--name other',
  ])('create %s', async (flags) => {
    const words = flags.split(' ')
    const own = await world.lighter(['create', ...words, image])
    expect(own.exitCode).toBe(1)
    expect(await docker('create', ...words, image)).toEqual(own)
  })
})

test('an image that is not here is asked for, by whoever wants it', async () => {
  const { exitCode, stderr } = await docker('create', '--name', 'made', 'localhost:1/nosuch')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^Unable to find image 'localhost:1\/nosuch:latest' locally\n/)
  expect(await docker('create', '--pull', 'never', 'nosuch')).toMatchObject({
    exitCode: 1,
    stderr: 'Error response from daemon: No such image: nosuch:latest\n',
  })
})

test('a whole day of a container', async () => {
  const id = (
    await said(
      'run',
      '-d',
      '--name',
      'made',
      '--network',
      'none',
      image,
      'sh',
      '-c',
      'echo x >/new; echo one; sleep 1000',
    )
  ).trim()
  expect(await said('ps', '--no-trunc', '-q', '-f', 'name=made')).toBe(`${id}\n`)
  expect(await said('ps', '--format', '{{.Names}} {{.Image}} {{.State}}')).toBe(
    `made ${image} running\n`,
  )
  expect(await said('inspect', '-f', '{{.State.Status}} {{.Path}}', 'made')).toBe('running sh\n')
  expect(await said('top', 'made')).toContain('sleep 1000')
  expect(await said('diff', 'made')).toContain('A /new\n')
  expect(await said('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'made')).toMatch(
    /^made \d+\n$/,
  )
  const from = join(world.home, 'from')
  mkdirSync(join(from, 'sub'), { recursive: true })
  writeFileSync(join(from, 'sub/f'), 'hello')
  await docker('cp', from, 'made:/tmp')
  expect(await said('exec', 'made', 'cat', '/tmp/from/sub/f')).toBe('hello')
  await docker('cp', 'made:/tmp/from/sub', join(world.home, 'back'))
  expect(readFileSync(join(world.home, 'back/f'), 'utf8')).toBe('hello')
  await docker('cp', '-L', 'made:/bin/sh', join(world.home, 'sh'))
  expect(readFileSync(join(world.home, 'sh')).subarray(1, 4).toString()).toBe('ELF')
  expect(await docker('cp', 'made:/nosuch', '-')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Could not find the file /nosuch in container made'),
  })
  await said('export', '-o', join(world.home, 'all.tar'), 'made')
  expect(readFileSync(join(world.home, 'all.tar')).includes('new')).toBe(true)
  const made = (await said('commit', '-c', 'ENV A=1', 'made', 'made/it:v1')).trim()
  expect(await said('image', 'inspect', '-f', '{{.Id}}', 'made/it:v1')).toBe(`${made}\n`)
  await said('rmi', 'made/it:v1')
  expect(await said('update', '--restart', 'always', 'made')).toBe('made\n')
  expect(await said('rename', 'made', 'same')).toBe('')
  for (const verb of ['pause', 'unpause', 'kill', 'restart', 'stop']) {
    const more = ['restart', 'stop'].includes(verb) ? ['-t', '0'] : []
    expect(await said(verb, ...more, 'same')).toBe('same\n')
  }
  expect(await said('logs', 'same')).toBe('one\none\n')
  expect(await said('rm', 'same')).toBe('same\n')
  expect(await docker('rm', 'same')).toMatchObject({
    exitCode: 1,
    stderr: 'Error response from daemon: No such container: same\n',
  })
})
