import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openTerminal } from '../helpers/terminal.ts'
import { until, untilConnected } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, statusOf, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
/** Tells its terminal's size at first, and each time that it is told of a new one. */
const SIZES = 'trap "stty size" WINCH; stty size; while :; do usleep 20000; done'
/** What the shell afterwards finds of the terminal: `echo` and `icanon` are off while it is raw. */
const RESTORED = 'echo code-$?; stty -a | tr " ;" "\\n\\n" | grep -cxE "echo|icanon|isig|icrnl"'

let world: World
const lighter = (...args: string[]): Promise<Outcome> => world.lighter(args)
const run = (name: string, ...args: string[]): Promise<Outcome> =>
  lighter('run', '-d', '--network', 'none', '--name', name, ...args)

beforeAll(() => {
  world = makeWorld('interactive')
})
afterAll(() => world.remove())

describe('size of the terminal', () => {
  test.each([
    ['run', ['run', '-it', '--rm', image, 'sh', '-c', SIZES]],
    ['exec', ['exec', '-it', 'host', 'sh', '-c', SIZES]],
  ])('%s: the program hears of each change', async (_name, args) => {
    await run('host', image, 'sleep', '1000')
    const terminal = await openTerminal(world, args, { rows: 20, columns: 70 })
    await terminal.waitFor(/20 70\r\n/)
    await terminal.resize(30, 90)
    await terminal.waitFor(/30 90\r\n/)
    await terminal.resize(31, 91)
    await terminal.waitFor(/31 91\r\n/)
    terminal.type('\x03')
    await terminal.exitCode()
    await lighter('rm', '-f', 'host')
  })

  test('attach brings its own', async () => {
    await run('sized', '-it', image, 'sh', '-c', SIZES)
    const terminal = await openTerminal(world, ['attach', 'sized'], { rows: 41, columns: 101 })
    await terminal.waitFor(/41 101\r\n/)
    await terminal.resize(42, 102)
    await terminal.waitFor(/42 102\r\n/)
    terminal.type('\x10\x11')
    await terminal.exitCode()
    await lighter('rm', '-f', 'sized')
  })
})

describe('detaching', () => {
  const withKeys = async (keys: string, work: () => Promise<void>) => {
    const directory = join(world.home, '.docker')
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ detachKeys: keys }))
    try {
      await work()
    } finally {
      writeFileSync(join(directory, 'config.json'), '{}')
    }
  }

  test('the keys of config.json, and before them those of the command line', async () => {
    await withKeys('ctrl-e,e', async () => {
      const first = await openTerminal(world, ['run', '-it', '--name', 'keys', image, 'sh'])
      await first.waitFor(/# /)
      // The usual ones are the program's now.
      first.type('\x10\x11echo on-$((1 + 1))\r')
      await first.waitFor(/on-2/)
      first.type('\x05e')
      expect(await first.exitCode()).toBe(0)
      const again = await openTerminal(world, ['start', '-ai', 'keys'])
      again.type('\x05e')
      expect(await again.exitCode()).toBe(1)
      const second = await openTerminal(world, ['attach', '--detach-keys', 'ctrl-a', 'keys'])
      second.type('\x05echo $((2 + 3))\r')
      await second.waitFor(/5\r\n/)
      second.type('\x01')
      await second.exitCode()
      expect(await statusOf(world, 'keys')).toBe('running 0')
      const third = await openTerminal(world, ['exec', '-it', 'keys', 'sh'])
      await third.waitFor(/# /)
      third.type('\x05e')
      await third.exitCode()
      await lighter('rm', '-f', 'keys')
    })
    await withKeys('nosuch', async () => {
      const wrong = await openTerminal(world, ['run', '-it', '--name', 'wrong', image, 'sh'])
      await wrong.waitFor(/Invalid detach keys \(nosuch\) provided/)
      expect(await wrong.exitCode()).toBe(1)
      expect(await statusOf(world, 'wrong')).toBe('')
    })
  })

  test('from exec: its process goes on, and so does the container', async () => {
    await run('host', image, 'sleep', '1000')
    const script = 'echo begun; while [ ! -e /go ]; do usleep 20000; done; echo done > /done'
    const terminal = await openTerminal(world, ['exec', '-it', 'host', 'sh', '-c', script], {
      after: RESTORED,
    })
    await terminal.waitFor(/begun/)
    terminal.type('\x10\x11')
    await terminal.waitFor(/read escape sequence/)
    await terminal.waitFor(/code-1\r\n4\r\n/)
    await lighter('exec', 'host', 'touch', '/go')
    await until(async () => (await lighter('exec', 'host', 'cat', '/done')).stdout === 'done\n')
    await lighter('rm', '-f', 'host')
  })
})

describe('the terminal is as it was', () => {
  const begin = async (name: string) => {
    const args = ['run', '-it', '--name', name, image, 'sh']
    const terminal = await openTerminal(world, args, { after: RESTORED })
    await terminal.waitFor(/# /)
    return terminal
  }
  const stateOf = async (name: string) => {
    const id = JSON.parse((await lighter('inspect', name)).stdout)[0].Id
    return JSON.parse(readFileSync(join(world.data, 'containers', id, 'state.json'), 'utf8'))
  }

  test.each<[string, string, (terminal: Awaited<ReturnType<typeof begin>>) => Promise<void>]>([
    ['exit', 'code-3', async (terminal) => terminal.type('exit 3\r')],
    ['detaching', 'code-0', async (terminal) => terminal.type('\x10\x11')],
    ['kill', 'code-137', async () => void (await lighter('kill', 'box'))],
    ['rm -f', 'code-137', async () => void (await lighter('rm', '-f', 'box'))],
    [
      'kill -9 of the monitor',
      'code-137',
      async () => void process.kill((await stateOf('box')).monitor.pid, 'SIGKILL'),
    ],
  ])('after %s', async (_name, code, end) => {
    const terminal = await begin('box')
    await end(terminal)
    await terminal.waitFor(new RegExp(`${code}\\r\\n4\\r\\n`))
    expect(await terminal.exitCode()).toBe(0)
    await lighter('rm', '-f', 'box')
  })
})

describe('signals and streams', () => {
  const TRAP = 'trap "echo caught; exit 5" INT; echo ready; while :; do usleep 20000; done'

  test('Ctrl-C without -t is passed on; with --sig-proxy=false it ends the client alone', async () => {
    const first = await openTerminal(world, ['run', '--rm', image, 'sh', '-c', TRAP])
    await first.waitFor(/ready/)
    first.type('\x03')
    await first.waitFor(/caught/)
    expect(await first.exitCode()).toBe(5)
    const alone = ['run', '--sig-proxy=false', '--name', 'alone', image, 'sh', '-c', TRAP]
    const second = await openTerminal(world, alone)
    await second.waitFor(/ready/)
    second.type('\x03')
    expect(await second.exitCode()).not.toBe(5)
    expect(await statusOf(world, 'alone')).toBe('running 0')
    const third = await openTerminal(world, ['attach', '--sig-proxy=false', 'alone'])
    await until(async () => (await statusOf(world, 'alone')) === 'running 0')
    third.type('\x03')
    await third.exitCode()
    expect(await statusOf(world, 'alone')).toBe('running 0')
    await lighter('rm', '-f', 'alone')
  })

  test('two are attached: both see, both may type; --no-stdin only sees', async () => {
    await run('shared', '-it', image, 'sh')
    const one = await openTerminal(world, ['attach', 'shared'])
    const two = await openTerminal(world, ['attach', 'shared'])
    // Who sees an answer is attached.
    for (const terminal of [one, two]) {
      terminal.type('\r')
      await terminal.waitFor(/# /)
    }
    const watcher = world.start(['attach', '--no-stdin', 'shared'])
    let watched = ''
    watcher.stdout.on('data', (bytes) => {
      watched += String(bytes)
    })
    await untilConnected(watcher.pid)
    watcher.stdin.write('echo from-$((1 + 2))\r')
    const watching = finish(watcher)
    one.type('echo from-$((1 + 0))\r')
    await one.waitFor(/from-1\r\n/)
    await two.waitFor(/from-1\r\n/)
    two.type('echo from-$((1 + 1))\r')
    await one.waitFor(/from-2\r\n/)
    await two.waitFor(/from-2\r\n/)
    await until(() => watched.includes('from-2\r\n'))
    one.type('exit 9\r')
    expect(await one.exitCode()).toBe(9)
    expect(await two.exitCode()).toBe(9)
    expect((await watching).exitCode).toBe(9)
    expect(watched).not.toContain('from-3')
    await lighter('rm', 'shared')
  })

  test('standard input that is closed, and a reader that has had enough', async () => {
    const shell = (script: string): Promise<Outcome> => world.run('sh', ['-c', script])
    const program = inject('program')
    const closed = await shell(`${program} run --rm -i ${image} sh -c 'cat; echo end' <&-`)
    expect(closed).toMatchObject({ exitCode: 0, stdout: 'end\n' })
    await run('talks', image, 'sh', '-c', 'while :; do echo line; usleep 10000; done')
    expect((await shell(`${program} logs -f talks | head -n 1`)).stdout).toBe('line\n')
    expect((await shell(`${program} attach talks | head -n 1`)).stdout).toBe('line\n')
    // All that happened may be written before the reader is gone: then the next event ends the program.
    let ended = false
    const first = shell(`${program} events --since 0 | head -n 1`).finally(() => {
      ended = true
    })
    while (!ended) await lighter('kill', '-s', 'CONT', 'talks')
    expect((await first).stdout).not.toBe('')
    expect(await statusOf(world, 'talks')).toBe('running 0')
    await lighter('rm', '-f', 'talks')
  })
})
