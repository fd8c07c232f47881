import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { INIT } from '../helpers/init.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

describe.each(inject('who'))('as %s', (who) => {
  let world: World
  beforeAll(async () => {
    world = makeWorld(`run-${who}`, who)
    const pulled = await world.lighter(['pull', '-q', image])
    expect(pulled).toMatchObject({ exitCode: 0, stdout: `${image}\n` })
  })
  afterAll(() => world.remove())

  const run = (...args: string[]) => world.lighter(['run', '--rm', '--network', 'none', ...args])
  const shell = (script: string, ...flags: string[]) => run(...flags, image, 'sh', '-c', script)

  test.each<[string[], number]>([
    [['true'], 0],
    [['false'], 1],
    [['sh', '-c', 'exit 32'], 32],
    [['sh', '-c', 'exit 255'], 255],
    // The first process of a pid namespace is not killed by signals of its own namespace.
    [['sh', '-c', 'kill -9 $$'], 0],
    [['nosuch'], 127],
    [['/no/such/command'], 127],
    [['/etc'], 126],
    [['/etc/not-executable'], 126],
  ])('the command %j ends in %i', async (command, code) => {
    expect((await run(image, ...command)).exitCode).toBe(code)
    expect(remainsIn(world.data)).toEqual([])
  })

  test('a signal from inside counts as 128+n below --init', async () => {
    const outcome = await shell('kill -9 $$', ...INIT)
    expect(outcome.exitCode).toBe(137)
  })

  test('output goes where it belongs, input comes in with -i', async () => {
    const outcome = await world.lighter(
      ['run', '--rm', '-i', '--network', 'none', image, 'sh', '-c', 'cat; echo problem >&2'],
      { input: 'from outside\n' },
    )
    expect(outcome).toEqual({ exitCode: 0, stdout: 'from outside\n', stderr: 'problem\n' })
  })

  test('without -i the input is empty', async () => {
    const outcome = await world.lighter(['run', '--rm', '--network', 'none', image, 'cat'], {
      input: 'not for you',
    })
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
  })

  test('a large output arrives whole', async () => {
    const outcome = await shell('yes 0123456789abcde | head -c 8000000')
    expect(outcome.stdout.length).toBe(8_000_000)
  })

  test('environment: Docker sets PATH, HOME and HOSTNAME', async () => {
    writeFileSync(join(world.home, 'env'), '# comment\nFROM_FILE=1\nEMPTY=\nNOT_SET\n', {
      mode: 0o644,
    })
    const { stdout } = await shell(
      'env | sort',
      '--hostname',
      'box',
      '-e',
      'GIVEN=a b',
      '--env-file',
      join(world.home, 'env'),
    )
    const lines = stdout.split('\n')
    expect(lines).toEqual(
      expect.arrayContaining(['GIVEN=a b', 'FROM_FILE=1', 'EMPTY=', 'HOME=/root', 'HOSTNAME=box']),
    )
    expect(stdout).toContain('PATH=/usr/local/sbin:/usr/local/bin:')
    expect(stdout).not.toContain('NOT_SET')
  })

  test.each([
    ['app', 'uid=1000(app) gid=1000(app) groups=1000(app),29(audio)'],
    ['1000', 'uid=1000(app) gid=1000(app) groups=1000(app),29(audio)'],
    ['1000:29', 'uid=1000(app) gid=29(audio) groups=29(audio)'],
    ['4711', 'uid=4711 gid=0(root) groups=0(root)'],
  ])('-u %s', async (user, expected) => {
    const { stdout } = await run('-u', user, image, 'id')
    const numbers = (text: string) => [...new Set(text.match(/\d+(\(\w+\))?/g))].toSorted()
    expect(numbers(stdout)).toEqual(numbers(expected))
  })

  test('-w makes the directory and starts there', async () => {
    expect((await run('-w', '/new/place', image, 'pwd')).stdout).toBe('/new/place\n')
  })

  test('--entrypoint takes the place of entrypoint and command', async () => {
    expect((await run('--entrypoint', 'echo', image, 'a', 'b')).stdout).toBe('a b\n')
  })

  test('--read-only', async () => {
    const { stdout } = await shell('touch /x 2>/dev/null || echo refused', '--read-only')
    expect(stdout).toBe('refused\n')
  })

  test('--tmpfs', async () => {
    const { stdout } = await shell('grep " /scratch " /proc/mounts', '--tmpfs', '/scratch:size=1m')
    expect(stdout).toMatch(/^tmpfs \/scratch tmpfs .*nosuid.*nodev.*noexec.*size=1024k/)
  })

  test('-v binds a directory, makes a missing one, and honours :ro', async () => {
    const source = join(world.home, 'source')
    const missing = join(world.home, 'made/by/v')
    mkdirSync(source, { recursive: true, mode: 0o777 })
    writeFileSync(join(source, 'in'), 'hello')
    const { stdout } = await shell(
      'cat /a/in; touch /b/made; touch /a/x 2>/dev/null || echo :ro',
      '-v',
      `${source}:/a:ro`,
      '-v',
      `${missing}:/b`,
    )
    expect(stdout).toBe('hello:ro\n')
    expect(readFileSync(join(missing, 'made'), 'utf8')).toBe('')
  })

  test('-v with a name is a volume that stays', async () => {
    await shell('echo kept > /data/file', '-v', 'stock:/data')
    expect((await shell('cat /data/file', '-v', 'stock:/data')).stdout).toBe('kept\n')
    expect((await world.lighter(['volume', 'rm', 'stock'])).exitCode).toBe(0)
  })

  test('--cidfile has the id; a second run refuses it', async () => {
    const file = join(world.home, 'cid')
    await run('--cidfile', file, image, 'true')
    expect(readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{64}$/)
    const again = await run('--cidfile', file, image, 'true')
    expect(again.exitCode).toBe(125)
    expect(again.stderr).toMatch(/container ID file found/)
  })

  test('default capabilities are those of Docker', async () => {
    const { stdout } = await shell('grep -E "Cap(Inh|Eff|Bnd|Amb)" /proc/self/status')
    expect(stdout).toMatch(/CapInh:\t0{16}/)
    expect(stdout).toMatch(/CapEff:\t00000000a80425fb/)
    expect(stdout).toMatch(/CapBnd:\t00000000a80425fb/)
    expect(stdout).toMatch(/CapAmb:\t0{16}/)
  })

  test('--cap-drop and --cap-add', async () => {
    const { stdout } = await shell(
      'grep CapEff /proc/self/status',
      '--cap-drop',
      'ALL',
      '--cap-add',
      'NET_BIND_SERVICE',
    )
    expect(stdout).toBe('CapEff:\t0000000000000400\n')
  })

  test('paths of the host are masked, seccomp is on, no descriptor leaks', async () => {
    const { stdout } = await shell(
      'cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; grep Seccomp: /proc/self/status; ls /proc/self/fd | wc -l',
    )
    expect(stdout.split('\n').slice(0, 2)).toEqual(['0', 'Seccomp:\t2'])
    expect(Number(stdout.split('\n')[2])).toBeLessThanOrEqual(5)
  })

  test('layers: a whiteout and an opaque directory hide what is below', async () => {
    const { stdout } = await shell('ls /etc | grep layer; ls -A /etc/opaque')
    expect(stdout).toBe('from-second-layer\nshown\n')
  })

  test('the data directory is closed to others', async () => {
    const outcome = await world.run('stat', ['-c', '%a', world.data])
    expect(outcome.stdout).toBe('700\n')
  })
})
