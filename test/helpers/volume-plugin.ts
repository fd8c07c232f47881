import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from './until.ts'
import type { World } from './world.ts'

const SCRIPT = new URL('../fixtures/volume-plugin/plugin.mjs', import.meta.url).pathname

/** A running volume plugin of a world's user: test/fixtures/volume-plugin. */
export interface VolumePlugin {
  name: string
  socket: string
  root: string
  /** What it was asked since the last time, ids of mounts as `#`; without the calls that only ask. */
  calls: () => string[]
  /** Ends it, as if it had crashed. */
  stop: () => Promise<void>
}

const QUESTIONS = /^(Plugin|Get|List|Capabilities|Path)\b/

/** Starts a plugin where this world's lighter finds it. Its name is its own: root's directory is there once. */
export async function startVolumePlugin(
  world: World,
  { name = `keeper-${randomBytes(3).toString('hex')}`, env = {} as Record<string, string> } = {},
): Promise<VolumePlugin> {
  const root = join(world.home, name)
  const socket =
    world.ids.uid === 0
      ? `/run/docker/plugins/${name}.sock`
      : join(world.runtime, 'docker/plugins', `${name}.sock`)
  const script = join(world.home, 'plugin.mjs')
  copyFileSync(SCRIPT, script)
  if (world.ids.uid === 0) mkdirSync(dirname(socket), { recursive: true })
  else await world.run('mkdir', ['-p', dirname(socket)])
  const child = spawn(process.execPath, [script, socket, root], {
    ...world.ids,
    env: { ...world.env, ...env },
    stdio: 'inherit',
  })
  await until(() => existsSync(socket))
  const log = join(root, 'log')
  const calls = () => {
    const lines = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
    writeFileSync(log, '')
    return lines
      .filter((line) => line !== '' && !QUESTIONS.test(line))
      .map((line) => line.replace(/ [0-9a-f]{64}$/, ' #'))
  }
  return { name, socket, root, calls, stop: () => stop(child, socket) }
}

async function stop(child: ChildProcess, socket: string): Promise<void> {
  const ended = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGKILL')
  await ended
  rmSync(socket, { force: true })
}
