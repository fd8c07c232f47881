import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { isAlive, mountsBelow, remainsIn, withDescendants } from '../helpers/leftovers.ts'
import { openTerminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const debian = `${inject('registry')}/debian:bookworm`

describe.each(inject('who'))('the main job, as %s', (who) => {
  let own: World
  beforeAll(() => {
    own = makeWorld(`main-job-${who}`, who)
    own.env.PATH = pathWithoutNode(own.home)
  })
  afterAll(() => own.remove())

  test('a shell on a Debian from the registry, with no Node on PATH', async () => {
    expect((await own.run('/bin/sh', ['-c', 'command -v node npm'])).exitCode).not.toBe(0)
    const images = (await own.lighter(['images', '-q', debian])).stdout
    if (images !== '') await own.lighter(['rmi', debian])

    const terminal = await openTerminal(own, ['run', '-it', '--rm', debian, 'bash'], {
      rows: 30,
      columns: 100,
    })
    await terminal.waitFor(/Unable to find image '.*debian:bookworm' locally/)
    await terminal.waitFor(/root@[0-9a-f]{12}:\/# /)
    terminal.type('stty size\r')
    await terminal.waitFor(/30 100\r\n/)
    await terminal.resize(40, 120)
    terminal.type('stty size\r')
    await terminal.waitFor(/40 120\r\n/)
    terminal.type('hostname -I; cat /sys/class/net/eth0/operstate\r')
    await terminal.waitFor(/172\.17\.\d+\.\d+ *\r\n(up|unknown)\r\n/)
    terminal.type('apt-get --version | head -n 1\r')
    await terminal.waitFor(/apt 2\.\d+/)
    const processes = processesBehind(own)
    expect(processes.length).toBeGreaterThanOrEqual(3)
    terminal.type('exit 7\r')
    expect(await terminal.exitCode()).toBe(7)

    expect((await own.lighter(['ps', '-aq'])).stdout).toBe('')
    expect(remainsIn(own.data)).toEqual([])
    expect([...mountsBelow(own.home), ...mountsBelow(own.data)]).toEqual([])
    await expect.poll(() => processes.filter(isAlive)).toEqual([])
  })
})

/** The monitor of the only container and the uplink, with all that they started. */
function processesBehind(world: World): number[] {
  const [id = ''] = readdirSync(join(world.data, 'containers'))
  const state = readFileSync(join(world.data, 'containers', id, 'state.json'), 'utf8')
  const uplink = readFileSync(join(world.sockets, 'uplink'), 'utf8')
  return withDescendants([JSON.parse(state).monitor.pid, Number.parseInt(uplink, 10)])
}

/** A directory with links to everything in the usual ones but Node. */
function pathWithoutNode(home: string): string {
  const path = join(home, 'path')
  mkdirSync(path, { mode: 0o755 })
  for (const directory of ['/usr/bin', '/usr/sbin']) {
    for (const name of readdirSync(directory)) {
      if (/^(node|nodejs|npm|npx|corepack)$/.test(name) || existsSync(join(path, name))) continue
      symlinkSync(join(directory, name), join(path, name))
    }
  }
  return path
}
