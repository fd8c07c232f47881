import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { processesOf, remainsIn } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, statusOf, testUser, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const done = (name: string) => ({ exitCode: 0, stdout: `${name}\n`, stderr: '' })

beforeAll(async () => {
  world = makeWorld('hung-start')
  await lighter('pull', '-q', image)
})
afterAll(async () => {
  try {
    await until(() => processesOf(testUser()).length === 0, 'the end of all processes')
    expect(remainsIn(world.data)).toEqual([])
  } finally {
    await world.remove()
  }
})

/** crun whose `create` hangs from the second time on, or from the first. Returns its path and a file that is there once one hangs. */
function makeRuntime(name: string, startsOnce: boolean): { runtime: string; hangs: string } {
  const directory = join(world.home, name)
  const [runtime, hangs, started] = ['crun', 'hangs', 'started'].map((file) =>
    join(directory, file),
  ) as [string, string, string]
  execFileSync('mkdir', ['-m', '777', directory])
  if (!startsOnce) writeFileSync(started, '')
  const script = `#!/bin/sh
case "$*" in *' create '*)
  if [ -e ${started} ]; then touch ${hangs}; exec sleep 1000; fi
  touch ${started}
esac
exec /usr/bin/crun "$@"
`
  writeFileSync(runtime, script, { mode: 0o755 })
  return { runtime, hangs }
}

// A start has ten seconds: all wait at once.
test.concurrent('rm -f of a container whose start hangs', async () => {
  const { runtime, hangs } = makeRuntime('first', false)
  const started = finish(world.start(['run', '--name', 'box', '--runtime', runtime, image, 'true']))
  await until(() => existsSync(hangs))
  expect(await statusOf(world, 'box')).toBe('created 0')
  expect(await lighter('rm', '-f', 'box')).toEqual(done('box'))
  expect(await started).toMatchObject({
    exitCode: 125,
    stderr: expect.stringContaining(
      "the container's monitor ended before the container was started",
    ),
  })
})

test.concurrent.each([
  ['rm', ['rm', '-f']],
  ['kill', ['kill']],
  ['stop', ['stop', '-t', '1']],
])('%s of a container whose next start hangs', async (verb, command) => {
  const name = `${verb}-again`
  const { runtime, hangs } = makeRuntime(name, true)
  const run = ['run', '-d', '--name', name, '--restart', 'always', '--runtime', runtime]
  expect(await lighter(...run, image, 'true')).toMatchObject({ exitCode: 0, stderr: '' })
  await until(() => existsSync(hangs))
  expect(await statusOf(world, name)).toBe('restarting 0')
  expect(await lighter(...command, name)).toEqual(done(name))
  if (verb !== 'rm') {
    expect(await statusOf(world, name)).toBe('exited 0')
    expect(await lighter('rm', name)).toEqual(done(name))
  }
})
