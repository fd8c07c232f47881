import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openTerminal } from '../helpers/terminal.ts'
import { finish, makeWorld, statusOf, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/debian:bookworm`

/** Says a line every 50 ms, and goodbye at SIGTERM. */
const TALKER =
  'trap "echo bye; exit 3" TERM; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done'

const DRIVERS = [
  ['user', 'overlay'],
  ['user', 'fuse-overlayfs'],
  ['user', 'copy'],
  ['root', 'overlay'],
  ['root', 'fuse-overlayfs'],
] as const

describe.each(DRIVERS.filter(([who]) => inject('who').includes(who)))(
  'as %s on %s',
  (who, driver) => {
    let world: World
    const lighter = (...args: string[]) =>
      world.lighter(args, { env: { LIGHTER_STORAGE_DRIVER: driver } })

    beforeAll(async () => {
      world = makeWorld(`lifecycle-${who}-${driver}`, who)
      world.env.LIGHTER_STORAGE_DRIVER = driver
      expect((await lighter('pull', '-q', image)).exitCode).toBe(0)
    })
    afterAll(() => world.remove())

    test('run -d, logs -f, exec -it, stop, wait, rm', async () => {
      const started = await lighter('run', '-d', '--name', 'talker', image, 'bash', '-c', TALKER)
      expect(started).toMatchObject({ exitCode: 0, stderr: '' })
      expect(started.stdout).toMatch(/^[0-9a-f]{64}\n$/)
      const id = started.stdout.trim()

      const following = finish(world.start(['logs', '-f', 'talker']))
      const terminal = await openTerminal(world, ['exec', '-it', 'talker', 'bash'])
      await terminal.waitFor(/root@[0-9a-f]{12}:\/# /)
      terminal.type('exit 9\r')
      expect(await terminal.exitCode()).toBe(9)

      const waiting = finish(world.start(['wait', 'talker']))
      expect(await lighter('stop', 'talker')).toMatchObject({ exitCode: 0, stdout: 'talker\n' })
      expect(await waiting).toMatchObject({ exitCode: 0, stdout: '3\n' })
      const { stdout } = await following
      expect(stdout).toMatch(/^line 0\nline 1\n/)
      expect(stdout).toMatch(/\nbye\n$/)
      expect((await lighter('logs', '--tail', '1', 'talker')).stdout).toBe('bye\n')

      expect(await statusOf(world, id)).toBe('exited 3')
      expect((await lighter('rm', id.slice(0, 12))).stdout).toBe(`${id.slice(0, 12)}\n`)
      expect((await lighter('ps', '-aq')).stdout).toBe('')
    })

    test('files written stay over stop and start', async () => {
      await lighter(
        'create',
        '--name',
        'keeper',
        image,
        'sh',
        '-c',
        'echo x >> /count; wc -l < /count',
      )
      expect((await lighter('start', '-a', 'keeper')).stdout).toBe('1\n')
      expect((await lighter('start', '-a', 'keeper')).stdout).toBe('2\n')
      expect(await lighter('rm', 'keeper')).toMatchObject({ exitCode: 0, stderr: '' })
    })

    test('an upper directory over a lower one: rename, remove, replace', async () => {
      const script =
        'mv /etc/apt /etc/apt2 && rm -r /etc/apt2 && mkdir /etc/apt && ls -A /etc/apt | wc -l && chown 5:5 /etc/hostname; rm /etc/debian_version && ! test -e /etc/debian_version'
      const outcome = await lighter('run', '--rm', '--network', 'none', image, 'sh', '-ec', script)
      expect(outcome).toMatchObject({ exitCode: 0, stdout: '0\n' })
    })

    test('exec: codes, input, working directory, user', async () => {
      await lighter('run', '-d', '--name', 'target', image, 'sleep', '1000')
      expect((await lighter('exec', 'target', 'sh', '-c', 'exit 42')).exitCode).toBe(42)
      expect((await lighter('exec', 'target', 'nosuch')).exitCode).toBe(127)
      expect((await lighter('exec', 'target', '/etc')).exitCode).toBe(126)
      expect(
        (
          await lighter(
            'exec',
            '-w',
            '/tmp',
            '-u',
            '5:6',
            'target',
            'sh',
            '-c',
            'pwd; id -u; id -g',
          )
        ).stdout,
      ).toBe('/tmp\n5\n6\n')
      expect((await world.lighter(['exec', '-i', 'target', 'cat'], { input: 'in' })).stdout).toBe(
        'in',
      )
      expect((await lighter('kill', 'target')).stdout).toBe('target\n')
      expect((await lighter('wait', 'target')).stdout).toBe('137\n')
      expect((await lighter('exec', 'target', 'true')).exitCode).toBe(1)
      await lighter('rm', 'target')
    })
  },
)
