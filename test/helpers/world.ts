import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { keptIn, mountsBelow, processesOf, remainsIn, tracesIn } from './leftovers.ts'
import { laneOf, type TestUser } from './test-user.ts'

export interface Outcome {
  exitCode: number
  stdout: string
  stderr: string
}

export interface CallOptions {
  input?: string
  env?: Record<string, string>
  cwd?: string
  /** Milliseconds until the command is killed; the outcome then has exit code 137, and stderr ends with `killed after … s`. */
  timeout?: number
  /** In a process group of its own, as shells with job control start commands. */
  group?: boolean
}

/** A home of its own with the program in it: what one user has on one machine. */
export interface World {
  home: string
  data: string
  /** What XDG_RUNTIME_DIR says. */
  runtime: string
  /** Where sockets and locks are. */
  sockets: string
  env: Record<string, string>
  ids: { uid: number; gid: number }
  lighter: (args: string[], options?: CallOptions) => Promise<Outcome>
  /** The same, still running. */
  start: (args: string[], options?: CallOptions) => ChildProcessWithoutNullStreams
  /** Another program as this world's user. */
  run: (program: string, args: string[], options?: CallOptions) => Promise<Outcome>
  /** The same, still running. */
  spawn: (program: string, args: string[], options?: CallOptions) => ChildProcessWithoutNullStreams
  remove: () => Promise<void>
}

/** The user of this lane: what is found of that user is this file's own. */
export function testUser(): TestUser {
  const user = inject('users')[laneOf()]
  if (!user) throw new Error(`There is no user for lane ${laneOf()}: --maxWorkers is too large`)
  return user
}

/** Makes a world for the test user, or for root. `name` shows up in the paths of everything made in it. */
export function makeWorld(name: string, who: 'user' | 'root' = 'user'): World {
  const user = testUser()
  if (who === 'root' && inject('lanes') > 1)
    throw new Error(
      "Root's containers have one place: see OF_EACH and ALONE in test/vitest.config.ts",
    )
  const ids = who === 'root' ? { uid: 0, gid: 0 } : { uid: user.uid, gid: user.gid }
  const home = mkdtempSync(join(inject('work'), `${name}-`))
  // As short as the real one: the name of a socket has 108 bytes at most.
  const runtime = mkdtempSync('/run/lt-')
  // Root has one data directory, whatever its environment says.
  const data = who === 'root' ? '/var/lib/lighter' : join(home, '.local/share/lighter')
  for (const directory of [home, runtime]) {
    chmodSync(directory, 0o700)
    chownSync(directory, ids.uid, ids.gid)
  }
  const env: Record<string, string> = {
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
    HOME: home,
    USER: who === 'root' ? 'root' : user.name,
    XDG_RUNTIME_DIR: runtime,
    XDG_DATA_HOME: join(home, '.local/share'),
  }
  const launch = (program: string, args: string[], options: CallOptions = {}) =>
    spawn(program, args, {
      ...ids,
      cwd: options.cwd ?? home,
      env: { ...env, ...options.env },
      stdio: 'pipe',
      detached: options.group ?? false,
    })
  const run = (program: string, args: string[], options: CallOptions = {}) =>
    finish(launch(program, args, options), options)
  const program = inject('program')
  const lighter = (args: string[], options?: CallOptions) => run(program, args, options)
  const kept = keptIn(data)
  return {
    home,
    data,
    runtime,
    sockets: who === 'root' ? '/run/lighter' : join(runtime, 'lighter'),
    env,
    ids,
    lighter,
    start: (args, options) => launch(program, args, options),
    run,
    spawn: launch,
    remove: () => removeWorld({ home, data, runtime, lighter }, kept),
  }
}

/** Collects what a process says until it ends. */
export async function finish(
  child: ChildProcessWithoutNullStreams,
  options: CallOptions = {},
): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdin.on('error', () => {}) // it may end without reading
  child.stdin.end(options.input ?? '')
  const limit = options.timeout ?? 60_000
  let late = ''
  const timer = setTimeout(() => {
    const how = child.kill('SIGKILL') ? 'killed' : 'its pipes are still open'
    late = `\n${child.spawnfile}: ${how} after ${limit / 1000} s\n`
    // What it has started may keep them open for ever.
    for (const stream of [child.stdout, child.stderr]) stream.destroy()
  }, limit)
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 137))
  })
  clearTimeout(timer)
  return { exitCode, stdout, stderr: stderr + late }
}

/** `<status> <exit code>` of a container; `''` when there is none. */
export async function statusOf(world: World, container: string): Promise<string> {
  const { exitCode, stdout } = await world.lighter(['inspect', container])
  if (exitCode !== 0) return ''
  const { State } = JSON.parse(stdout)[0]
  return `${State.Status} ${State.ExitCode}`
}

/** Ends all containers of a world and fails when something of them stays. */
async function removeWorld(
  world: Pick<World, 'home' | 'data' | 'runtime' | 'lighter'>,
  kept: string[],
): Promise<void> {
  let said = ''
  // Most worlds have none left: a look costs less than a command.
  if (tracesIn(world.data).length > 0) {
    const listed = await world.lighter(['ps', '-aq'])
    const ids = listed.stdout.split('\n').filter(Boolean)
    said = listed.stderr
    if (ids.length > 0) said += (await world.lighter(['rm', '-f', ...ids])).stderr
  }
  let left: string[] = []
  for (let attempt = 0; attempt < 1500; attempt++) {
    left = [...remainsIn(world.data), ...mountsBelow(world.home)]
    if (left.length === 0) break
    await sleep(20)
  }
  const running = left.length > 0 ? processesOf(testUser()) : []
  for (const directory of [world.home, world.runtime])
    rmSync(directory, { recursive: true, force: true })
  // What is still there is in root's store, where the next test would find it.
  left.push(...keptIn(world.data).filter((path) => !kept.includes(path)))
  if (left.length > 0)
    throw new Error([`Left in ${world.home}:`, ...left, said, 'Running:', ...running].join('\n'))
}
