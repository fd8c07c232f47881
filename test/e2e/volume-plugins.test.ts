import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { startVolumePlugin, type VolumePlugin } from '../helpers/volume-plugin.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

describe.each(inject('who'))('a volume plugin of %s', (who) => {
  let world: World
  let plugin: VolumePlugin
  /** Where the plugin will not answer. */
  let patience: string | undefined
  const lighter = (...args: string[]) =>
    world.lighter(args, { env: patience ? { LIGHTER_PLUGIN_TIMEOUT: patience } : {} })
  const run = (...args: string[]) => lighter('run', '--rm', '--network', 'none', ...args)
  const create = (...args: string[]) => lighter('volume', 'create', '-d', plugin.name, ...args)
  const waitFor = (option: string) => {
    patience = option.startsWith('hang=') ? '2' : undefined
  }
  const mounts = (): string[] => {
    const folder = join(world.data, 'volume-mounts')
    return existsSync(folder) ? readdirSync(folder) : []
  }

  beforeAll(async () => {
    world = makeWorld('plugin', who)
    plugin = await startVolumePlugin(world)
    await lighter('pull', '-q', image)
  })
  afterEach(() => {
    patience = undefined
  })
  afterAll(async () => {
    await plugin.stop()
    await world.remove()
  })

  test('create, list, inspect, use and remove a volume', async () => {
    expect(await create('-o', 'size=3', '--label', 'l=1', 'kept')).toMatchObject({
      exitCode: 0,
      stdout: 'kept\n',
    })
    expect((await lighter('volume', 'ls')).stdout).toMatch(
      new RegExp(`^DRIVER +VOLUME NAME\n${plugin.name} +kept\n$`),
    )
    const [document] = JSON.parse((await lighter('volume', 'inspect', 'kept')).stdout)
    expect(document).toEqual({
      CreatedAt: '2020-01-02T03:04:05Z',
      Driver: plugin.name,
      Labels: { l: '1' },
      Mountpoint: '',
      Name: 'kept',
      Options: { size: '3' },
      Scope: 'local',
      Status: { uses: 0, colour: 'red' },
    })
    expect((await run('-v', 'kept:/x', image, 'sh', '-c', 'echo data >/x/f')).exitCode).toBe(0)
    expect(readFileSync(join(plugin.root, 'data/kept/f'), 'utf8')).toBe('data\n')
    expect((await run('-v', 'kept:/x:ro', image, 'cat', '/x/f')).stdout).toBe('data\n')
    expect((await lighter('volume', 'rm', 'kept')).stdout).toBe('kept\n')
    expect(existsSync(join(plugin.root, 'data/kept'))).toBe(false)
    const use = ['Mount kept #', 'Unmount kept #']
    expect(plugin.calls()).toEqual(['Create kept', ...use, ...use, 'Remove kept'])
    expect(mounts()).toEqual([])
  })

  test('the container says who keeps its volume, and the events do', async () => {
    const since = String(Date.now() / 1000)
    await lighter(
      'run',
      '-d',
      '--name',
      'box',
      '--network',
      'none',
      '--volume-driver',
      plugin.name,
      '-v',
      'v1:/x',
      image,
      'sleep',
      '100',
    )
    const format = '{{json (index .Mounts 0)}} {{.HostConfig.VolumeDriver}}'
    const { stdout } = await lighter('inspect', '-f', format, 'box')
    expect(stdout).toContain(`"Name":"v1","Source":"","Destination":"/x","Driver":"${plugin.name}"`)
    expect((await lighter('volume', 'rm', 'v1')).stderr).toMatch(/remove v1: volume is in use - \[/)
    await lighter('rm', '-f', 'box')
    const until = String(Date.now() / 1000)
    const filters = [
      '--filter',
      'type=volume',
      '--format',
      '{{.Action}} {{.Actor.Attributes.driver}}',
    ]
    const events = await lighter('events', '--since', since, '--until', until, ...filters)
    const driver = plugin.name
    expect(events.stdout).toBe(`create ${driver}\nmount ${driver}\nunmount ${driver}\n`)
    await lighter('volume', 'rm', 'v1')
    plugin.calls()
  })

  test('an empty one gets what the image has; an anonymous one goes with --rm', async () => {
    const filled = await run(
      '--volume-driver',
      plugin.name,
      '-v',
      'filled:/etc',
      image,
      'ls',
      '/etc',
    )
    expect(filled.stdout).toMatch(/^passwd$/m)
    expect(readdirSync(join(plugin.root, 'data/filled'))).toContain('passwd')
    await lighter('volume', 'rm', 'filled')
    plugin.calls()
    expect((await run('--volume-driver', plugin.name, '-v', '/x', image, 'true')).exitCode).toBe(0)
    expect(plugin.calls().map((call) => call.split(' ')[0])).toEqual([
      'Create',
      'Mount',
      'Unmount',
      'Remove',
    ])
    await lighter('create', '--name', 'box', '--volume-driver', plugin.name, '-v', '/x', image)
    await lighter('rm', '-v', 'box')
    expect(plugin.calls().map((call) => call.split(' ')[0])).toEqual(['Create', 'Remove'])
    expect((await lighter('volume', 'ls', '-q')).stdout).toBe('')
  })

  test('--mount names driver and options', async () => {
    const mount = `type=volume,src=m1,dst=/x,volume-driver=${plugin.name},volume-opt=a=b`
    expect((await run('--mount', mount, image, 'true')).exitCode).toBe(0)
    const { stdout } = await lighter('volume', 'inspect', '-f', '{{json .Options}}', 'm1')
    expect(stdout).toBe('{"a":"b"}\n')
    await lighter('volume', 'rm', 'm1')
    plugin.calls()
  })

  test('a volume that the plugin had before is found by its name', async () => {
    await create('-o', 'x=y', 'old')
    // As if another engine had made it.
    await world.run('rm', ['-r', join(world.data, 'volumes/old')])
    expect((await lighter('volume', 'inspect', '-f', '{{.Driver}}', 'old')).stdout).toBe(
      `${plugin.name}\n`,
    )
    await run('-v', 'old:/x', image, 'touch', '/x/here')
    expect(readdirSync(join(plugin.root, 'data/old'))).toEqual(['here'])
    expect((await lighter('volume', 'rm', 'old')).exitCode).toBe(0)
    plugin.calls()
  })

  test('what is mounted is unmounted after every kind of end', async () => {
    await create('v2')
    const start = (...args: string[]) =>
      lighter('run', '--name', 'box', '--network', 'none', '-v', 'v2:/x', ...args)
    await start('-d', image, 'sleep', '100')
    await lighter('stop', '-t', '0', 'box')
    await lighter('start', 'box')
    await lighter('rm', '-f', 'box')
    const use = ['Mount v2 #', 'Unmount v2 #']
    expect(plugin.calls()).toEqual(['Create v2', ...use, ...use])
    expect((await start('--rm', image, '/nosuch')).exitCode).toBe(127)
    expect((await start('--rm', '--user', 'nosuch', image, 'true')).exitCode).not.toBe(0)
    expect((await start('-d', '--rm', '--log-opt', 'x=y', image, 'true')).exitCode).toBe(125)
    expect(plugin.calls()).toEqual([...use, ...use])
    expect(mounts()).toEqual([])
    await lighter('volume', 'rm', 'v2')
    plugin.calls()
  })

  test('the next command makes up for a monitor that was killed', async () => {
    await create('v3')
    await lighter(
      'run',
      '-d',
      '--name',
      'box',
      '--network',
      'none',
      '-v',
      'v3:/x',
      image,
      'sleep',
      '100',
    )
    const { stdout } = await lighter('inspect', '-f', '{{.Id}}', 'box')
    const state = join(world.data, 'containers', stdout.trim(), 'state.json')
    const { monitor } = JSON.parse(readFileSync(state, 'utf8'))
    process.kill(monitor.pid, 'SIGKILL')
    await until(() => !existsSync(`/proc/${monitor.pid}`))
    expect(plugin.calls()).toEqual(['Create v3', 'Mount v3 #'])
    await lighter('ps')
    expect(plugin.calls()).toEqual(['Unmount v3 #'])
    await Promise.all([lighter('ps'), lighter('start', 'box'), lighter('ps', '-a')])
    await lighter('rm', '-f', 'box')
    expect(plugin.calls()).toEqual(['Mount v3 #', 'Unmount v3 #'])
    await lighter('volume', 'rm', 'v3')
    plugin.calls()
  })

  test.each([
    ['fail=Create', 'create bad: VolumeDriver.Create: Create does not please'],
    [
      'hang=Create',
      'create bad: Post "http://plugin.moby.localhost/VolumeDriver.Create": context deadline exceeded',
    ],
  ])('%s', async (option, sentence) => {
    waitFor(option)
    const { exitCode, stderr } = await create('-o', option, 'bad')
    expect(stderr).toBe(`Error response from daemon: ${sentence}\n`)
    expect(exitCode).toBe(1)
    expect((await lighter('volume', 'ls', '-q')).stdout).toBe('')
    plugin.calls()
  })

  test.each([
    ['fail=Mount', 'VolumeDriver.Mount: Mount does not please', ['Mount']],
    [
      'garbage=Mount',
      'VolumeDriver.Mount: the answer of the plugin is no JSON object',
      ['Mount', 'Unmount'],
    ],
    ['hang=Mount', 'context deadline exceeded', ['Mount', 'Unmount']],
    ['huge=Mount', 'the answer is too long', ['Mount', 'Unmount']],
    ['mountpoint=relative', 'no absolute path: "relative"', ['Mount', 'Unmount']],
    ['mountpoint=/etc/passwd', '/etc/passwd is no directory', ['Mount', 'Unmount']],
    ['mountpoint=/nosuch', '/nosuch is no directory', ['Mount', 'Unmount']],
  ])('%s keeps the container from starting', async (option, sentence, calls) => {
    waitFor(option)
    await create('-o', option, 'bad')
    const { exitCode, stderr } = await run('-v', 'bad:/x', image, 'true')
    expect(stderr).toContain(
      "lighter: Error response from daemon: error while mounting volume '': ",
    )
    expect(stderr).toContain(sentence)
    expect(exitCode).toBe(125)
    expect((await lighter('volume', 'rm', 'bad')).exitCode).toBe(0)
    expect(plugin.calls().map((call) => call.split(' ')[0])).toEqual(['Create', ...calls, 'Remove'])
    expect(mounts()).toEqual([])
    expect((await lighter('ps', '-aq')).stdout).toBe('')
  })

  test('an unmount that fails, or hangs, does not keep the container from ending', async () => {
    for (const option of ['fail=Unmount', 'hang=Unmount']) {
      waitFor(option)
      await create('-o', option, 'stuck')
      const begun = Date.now()
      const outcome = await run('-v', 'stuck:/x', image, 'echo', 'done')
      expect(outcome).toMatchObject({ exitCode: 0, stdout: 'done\n' })
      // The monitor waited for as long as the command would have: it once took half a minute, whatever was wished.
      expect(Date.now() - begun).toBeLessThan(25_000)
      expect((await lighter('volume', 'rm', 'stuck')).exitCode).toBe(0)
    }
    plugin.calls()
  })

  test('a plugin that is not there, or goes away', async () => {
    const missing = await lighter('volume', 'create', '-d', 'nosuch', 'x1')
    expect(missing.stderr).toBe(
      'Error response from daemon: create x1: error looking up volume plugin nosuch: plugin "nosuch" not found\n',
    )
    const gone = await startVolumePlugin(world)
    await lighter('volume', 'create', '-d', gone.name, 'lost')
    await gone.stop()
    expect((await lighter('volume', 'ls', '-q')).stdout).toBe('lost\n')
    const refused = await run('-v', 'lost:/x', image, 'true')
    expect(refused.stderr).toContain(`found reference to volume 'lost' in driver '${gone.name}'`)
    expect((await lighter('volume', 'rm', 'lost')).exitCode).toBe(1)
    expect((await lighter('volume', 'rm', '-f', 'lost')).exitCode).toBe(0)
    expect((await lighter('volume', 'ls', '-q')).stdout).toBe('')
  })
})
