import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { dockerPrograms } from '../fixtures/clients.ts'
import { freePort } from '../helpers/registry.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { type CallOptions, makeWorld, type Outcome, type World } from '../helpers/world.ts'
import { buildServers, pullBusybox } from './images.ts'

let world: World
let service: TestService
let env: Record<string, string>
let docker: string

beforeAll(async () => {
  world = makeWorld('compose')
  await pullBusybox(world)
  await buildServers(world, ['postgres', 'redis'])
  service = await startService(world)
  const programs = dockerPrograms(inject('cache'))
  docker = programs.docker
  const config = join(world.home, '.docker')
  mkdirSync(config)
  writeFileSync(
    join(config, 'config.json'),
    JSON.stringify({ cliPluginsExtraDirs: [programs.plugins] }),
  )
  env = { DOCKER_HOST: service.host, DOCKER_CONFIG: config }
  cpSync(new URL('compose', import.meta.url), join(world.home, 'compose'), { recursive: true })
  const { uid, gid } = world.ids
  execFileSync('chown', ['-R', `${uid}:${gid}`, config, join(world.home, 'compose')])
})
afterAll(async () => {
  await service?.stop()
  expect(service?.log()).toBe('')
  await world?.remove()
})

/** What `docker compose` is in the directory of one project. */
function project(name: string) {
  const cwd = join(world.home, 'compose', name)
  const call = (args: string[], options: CallOptions = {}): Promise<Outcome> =>
    world.run(docker, ['compose', ...args], {
      cwd,
      timeout: 240_000,
      ...options,
      env: { ...env, ...options.env },
    })
  /** The same, where it must work; returns what it says on standard output. */
  const said = async (args: string[], options?: CallOptions): Promise<string> => {
    const { exitCode, stdout, stderr } = await call(args, options)
    if (exitCode !== 0) throw new Error(`compose ${args.join(' ')}: ${exitCode}\n${stderr}`)
    // It clears the line before each one of a log, whatever it writes to.
    return stdout.replaceAll('\x1b[2K', '')
  }
  return { cwd, call, said }
}

/** Nothing of a project may stay; what does stays out of the way of the next test. */
afterEach(async () => {
  const list = async (...args: string[]) =>
    (await world.lighter(args)).stdout.split('\n').filter((line) => line !== '')
  const containers = await list('ps', '-a', '--format', '{{.Names}}')
  const networks = await list('network', 'ls', '-f', 'type=custom', '--format', '{{.Name}}')
  const volumes = await list('volume', 'ls', '-q')
  if (containers.length > 0) await world.lighter(['rm', '-f', '-v', ...containers])
  if (networks.length > 0) await world.lighter(['network', 'rm', ...networks])
  if (volumes.length > 0) await world.lighter(['volume', 'rm', '-f', ...volumes])
  expect({ containers, networks, volumes }).toEqual({ containers: [], networks: [], volumes: [] })
})

test('a site of four services, whose databases are waited for', async () => {
  const { said } = project('site')
  const port = await freePort()
  const options = { env: { PORT: `${port}` } }
  await said(['up', '-d', '--wait'], options)
  const visit = async () =>
    (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.text()
  await until(async () => /^visit \d+, hit \d+\n$/.test((await visit()) ?? ''), 'the site answers')
  const states = JSON.parse(
    `[${(await said(['ps', '--format', 'json'], options)).trim().replaceAll('\n', ',')}]`,
  ) as { Service: string; State: string; Health: string }[]
  expect(states.map(({ Service, State, Health }) => [Service, State, Health]).sort()).toEqual([
    ['app', 'running', ''],
    ['cache', 'running', 'healthy'],
    ['db', 'running', 'healthy'],
    ['web', 'running', ''],
  ])
  await said(['restart', 'app'], options)
  await until(async () => /^visit/.test((await visit()) ?? ''), 'the site answers again')
  // Nothing has changed: nothing is made again.
  const ids = await said(['ps', '-q'], options)
  await said(['up', '-d'], options)
  expect(await said(['ps', '-q'], options)).toBe(ids)
  await said(['down', '-v'], options)
})

test('several containers of a service', async () => {
  const { said } = project('scale')
  await said(['up', '-d'])
  const names = async () => (await said(['ps', 'worker', '-q'])).trim().split('\n').length
  expect(await names()).toBe(3)
  const ask =
    'for i in 1 2 3 4 5 6 7 8; do nslookup worker | grep -c "Address:.*172"; done | sort | uniq'
  expect((await said(['exec', '-T', 'asker', 'sh', '-c', ask])).trim()).toBe('3')
  await said(['up', '-d', '--scale', 'worker=1'])
  expect(await names()).toBe(1)
  await said(['down'])
})

test('profiles', async () => {
  const { said } = project('profiles')
  const services = async (...flags: string[]) =>
    (await said([...flags, 'ps', '--services'])).trim().split('\n').sort()
  await said(['up', '-d'])
  expect(await services()).toEqual(['always'])
  await said(['--profile', 'debug', 'up', '-d'])
  expect(await services('--profile', 'debug')).toEqual(['always', 'debug'])
  expect(await said(['run', '--rm', 'tool'])).toBe('from the tool\n')
  await said(['--profile', '*', 'down'])
})

describe('builds', () => {
  test('of contexts, arguments, stages and inline Dockerfiles', async () => {
    const { said } = project('builds')
    await said(['build'], { env: { WHO: 'you' } })
    const run = ['run', '--rm', '-T']
    expect(await said([...run, 'app'])).toBe('for you\nof the context\n')
    expect(await said([...run, 'inline'])).toBe('inline\n')
    const label = ['inspect', '-f', '{{index .Config.Labels "made.by"}}', 'composed-app:1']
    expect((await world.lighter(label)).stdout).toBe('compose\n')
    await said(['down', '--rmi', 'all'])
    expect((await world.lighter(['images', '-q', 'composed-app'])).stdout).toBe('')
  })

  test('as needed by up, and anew with --build', async () => {
    const { cwd, said } = project('builds')
    await said(['up', '--no-log-prefix', '--abort-on-container-exit', 'app'], {
      env: { WHO: 'one' },
    })
    writeFileSync(join(cwd, 'app/file'), 'changed\n')
    const out = await said(['up', '--build', '--no-log-prefix', 'app'], { env: { WHO: 'two' } })
    expect(out).toContain('for two\nchanged\n')
    await said(['down', '--rmi', 'all'])
  })
})

test('networks, aliases and addresses', async () => {
  const { said } = project('networks')
  await said(['up', '-d'])
  const ask = (from: string, to: string) =>
    said(['exec', '-T', from, 'sh', '-c', `nc ${to} 7 2>&1 || echo no`])
  expect(await ask('front', 'gate')).toBe('middle\n')
  await said(['restart', 'middle'])
  await until(async () => (await ask('back', '10.89.7.10')) === 'middle\n', 'it answers again')
  expect(
    await said(['exec', '-T', 'front', 'sh', '-c', 'nslookup back >/dev/null 2>&1; echo $?']),
  ).toBe('1\n')
  expect(
    await said(['exec', '-T', 'back', 'sh', '-c', 'hostname; grep elsewhere /etc/hosts']),
  ).toMatch(/^backend\n10\.1\.2\.3\s+elsewhere\n$/)
  await said(['down'])
})

test('volumes of every kind', async () => {
  const { cwd, said } = project('volumes')
  await world.lighter(['volume', 'create', 'given-volume'])
  const out = await said(['up', '--no-log-prefix'])
  expect(out).toContain('seed\n')
  expect(out).toContain('written\n')
  expect(readFileSync(join(cwd, 'bound/f'), 'utf8')).toBe('bound\n')
  const volumes = await world.lighter(['volume', 'ls', '-q', '-f', 'label=kept=yes'])
  expect(volumes.stdout).toBe('volumes_named\n')
  await said(['down', '-v'])
  expect((await world.lighter(['volume', 'rm', 'given-volume'])).exitCode).toBe(0)
})

test('secrets and configs', async () => {
  const { said } = project('secrets')
  const out = await said(['up', '--no-log-prefix'])
  expect(out).toContain('secret-word\na = b\nsecond-word\n0\n')
  await said(['down'])
})

describe('jobs', () => {
  test('one that others wait for, one that is started again', async () => {
    const { said } = project('jobs')
    await said(['up', '-d'])
    expect(await said(['logs', '--no-log-prefix', 'serve'])).toBe('migrated\n')
    const flaky = ['ps', '-a', '--format', '{{.State}} {{.ExitCode}}', 'flaky']
    await until(async () => (await said(flaky)) === 'exited 0\n', 'the third try is the last')
    await said(['down', '-v'])
  })

  test('what waits for one that fails does not start', async () => {
    const { call, said } = project('jobs')
    const { exitCode, stderr } = await call(['up', 'never'])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('service "broken" didn\'t complete successfully: exit 3')
    await said(['--profile', 'broken', 'down', '-v'])
  })
})

test('what a service says of its container', async () => {
  const { said } = project('settings')
  await said(['up', '-d', '--wait'], { env: { GREETING: 'moin' } })
  expect(await said(['logs', '--no-log-prefix', 'one'])).toBe('moin from first\n')
  const script =
    'id -u; pwd; echo $FROM_FILE; ulimit -n; cat /proc/sys/net/core/somaxconn /etc/resolv.conf'
  const out = await said(['exec', '-T', 'one', 'sh', '-c', script])
  expect(out).toMatch(/^1000\n\/tmp\nyes\n512\n512\n/)
  expect(out).toContain('example.test')
  const [document] = JSON.parse((await world.lighter(['inspect', 'settings-one-1'])).stdout)
  expect(document).toMatchObject({
    Config: { Domainname: 'example.test', StopSignal: 'SIGINT', Labels: { tier: 'back' } },
    HostConfig: {
      CapDrop: ['ALL'],
      CapAdd: [expect.stringMatching(/^(CAP_)?NET_BIND_SERVICE$/)],
      SecurityOpt: ['no-new-privileges:true'],
      ShmSize: 16 * 1024 * 1024,
      LogConfig: { Type: 'json-file', Config: { 'max-file': '2', 'max-size': '1m' } },
      ExtraHosts: ['other:10.9.8.7'],
    },
    State: { Health: { Status: 'healthy' } },
  })
  expect(await said(['port', 'one', '80'])).toMatch(/^127\.0\.0\.1:\d+\n$/)
  await said(['down', '-t', '1'])
})

test('several files', async () => {
  const { said } = project('parts')
  await said(['up', '-d'])
  await until(
    async () => (await said(['logs', '--no-log-prefix', 'app'])) === 'stored\noverridden\n',
    'the application has said both',
  )
  await said(['down', '-t', '1'])
})

test('watch: what changes is copied into the container', async () => {
  const { cwd, said } = project('watch')
  await said(['up', '-d', '--build'])
  const watching = world.spawn(docker, ['compose', 'watch', '--no-up'], { cwd, env })
  let log = ''
  for (const stream of [watching.stdout, watching.stderr])
    stream.on('data', (chunk) => {
      log += chunk
    })
  try {
    await until(() => /watch enabled|Watch/i.test(log), 'it watches')
    writeFileSync(join(cwd, 'src/file'), 'after\n')
    writeFileSync(join(cwd, 'src/new'), 'new\n')
    const read = ['exec', '-T', 'app', 'sh', '-c', 'cat /src/file /src/new 2>/dev/null']
    await until(async () => (await project('watch').call(read)).stdout === 'after\nnew\n', log)
  } finally {
    watching.kill('SIGINT')
  }
  await said(['down', '--rmi', 'all', '-t', '1'])
})

test('commands on what runs', async () => {
  const { cwd, call, said } = project('oneoff')
  await said(['create'])
  await said(['start'])
  expect(await said(['exec', '-T', 'box', 'sh', '-c', 'cat; echo $A'], { input: 'in\n' })).toBe(
    'in\nb\n',
  )
  expect((await call(['exec', '-T', 'box', 'sh', '-c', 'exit 9'])).exitCode).toBe(9)
  expect(await said(['run', '--rm', '-T', '-e', 'A=c', 'box', 'sh', '-c', 'echo $A'])).toBe('c\n')
  expect((await call(['run', '--rm', '-T', 'box', 'sh', '-c', 'exit 6'])).exitCode).toBe(6)
  writeFileSync(join(cwd, 'there'), 'copied\n')
  await said(['cp', 'there', 'box:/there'])
  await said(['cp', 'box:/there', 'back'])
  expect(readFileSync(join(cwd, 'back'), 'utf8')).toBe('copied\n')
  expect(await said(['top'])).toContain('sleep 1000')
  expect(await said(['images'])).toContain('busybox')
  await said(['pause'])
  expect(await said(['ps', '-a', '--format', '{{.State}}'])).toBe('paused\n')
  await said(['unpause'])
  await said(['kill', '-s', 'KILL'])
  expect(await said(['ps', '-a', '--format', '{{.ExitCode}}'])).toBe('137\n')
  expect(await said(['ls', '-a'])).toMatch(/^oneoff\s+exited\(1\)/m)
  expect(await said(['config', '--services'])).toBe('box\n')
  await said(['rm', '-f'])
  await said(['down'])
})
