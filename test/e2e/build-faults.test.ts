import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { base, build, built, cachedSteps, printed, writeContext } from '../helpers/builds.ts'
import { processesOf, remainsIn } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

let world: World
const works = { exitCode: 0, stderr: '' }

async function start(): Promise<void> {
  world = makeWorld('faults')
}
const pullBase = async () =>
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })

/** Nothing is damaged, and after a repair nothing is left over. */
async function expectWhole(): Promise<void> {
  const check = await world.lighter(['system', 'check', '--repair', '--max', '0s'])
  expect(check.stdout).toMatch(/: 0 damaged/)
  expect(remainsIn(world.data)).toEqual([])
}

const SLOW = [
  'FROM BASE AS one',
  'COPY many /many',
  'RUN for i in $(seq 200); do echo $i >/file-$i; done; sleep 0.2',
  'FROM BASE AS two',
  'RUN dd if=/dev/zero of=/large bs=1M count=50 2>/dev/null',
  'FROM BASE',
  'COPY --from=one /many /many',
  'COPY --from=two /large /large',
  'RUN sleep 0.2; cat /large >/larger',
].join('\n')

const manyFiles = (): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`many/${index}`, `file ${index}`]))

describe('kill -9', () => {
  beforeEach(async () => {
    await start()
    await pullBase()
  })
  afterEach(() => world.remove())

  test('at any instant: no process stays, and the next build is right', async () => {
    const context = writeContext(world, { Dockerfile: SLOW, ...manyFiles() })
    // From before anything is read to after the last step.
    for (let delay = 60; delay < 3_000; delay = Math.round(delay * 1.45)) {
      const child = world.start(['build', '--no-cache', '-t', 'killed', context])
      const ended = new Promise((done) => child.once('exit', done))
      await sleep(delay)
      child.kill('SIGKILL')
      await ended
      await until(() => processesOf(testUser()).length === 0, `nothing runs after ${delay} ms`)
    }
    await built(world, context, '-t', 'whole')
    expect(await printed(world, 'whole', 'sh', '-c', 'ls /many | wc -l; wc -c </larger')).toBe(
      '500\n52428800\n',
    )
    await expectWhole()
  })

  test('what it left goes with the next build', async () => {
    const context = writeContext(world, { Dockerfile: 'FROM BASE\nRUN sleep 60\n' })
    const child = world.start(['build', context])
    const ended = new Promise((done) => child.once('exit', done))
    await until(() => remainsIn(world.data).length > 0, 'a step has begun')
    child.kill('SIGKILL')
    await ended
    await until(() => processesOf(testUser()).length === 0, 'nothing runs')
    expect(remainsIn(world.data)).not.toEqual([])
    await built(world, writeContext(world, { Dockerfile: 'FROM BASE\nRUN true\n' }))
    expect(remainsIn(world.data)).toEqual([])
  })

  test('of a step ends the build', async () => {
    const context = writeContext(world, {
      Dockerfile: "FROM BASE\nRUN sh -c 'kill -9 $$'; exit $?\n",
    })
    const outcome = await build(world, context)
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain('did not complete successfully: exit code: 137')
    await expectWhole()
  })
})

describe('side by side', () => {
  beforeEach(async () => {
    await start()
    await pullBase()
  })
  afterEach(() => world.remove())

  test('builds of one context make the same image', async () => {
    const context = writeContext(world, { Dockerfile: SLOW, ...manyFiles() })
    const names = ['one', 'two', 'three']
    const outcomes = await Promise.all(names.map((name) => build(world, context, ['-t', name])))
    for (const outcome of outcomes) expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    for (const name of names)
      expect(await printed(world, name, 'sh', '-c', 'ls /many | wc -l')).toBe('500\n')
    expect(cachedSteps(await built(world, context)).length).toBeGreaterThan(5)
    await expectWhole()
  })

  test('a prune takes nothing from under a build', async () => {
    const context = writeContext(world, { Dockerfile: SLOW, ...manyFiles() })
    let building = true
    const builds = (async () => {
      for (let round = 0; round < 4; round++)
        await built(world, context, '--no-cache', '-t', 'kept')
      building = false
    })()
    while (building) {
      expect(await world.lighter(['builder', 'prune', '-a', '-f'])).toMatchObject(works)
      expect(await world.lighter(['image', 'prune', '-f'])).toMatchObject(works)
    }
    await builds
    expect(await printed(world, 'kept', 'sh', '-c', 'ls /many | wc -l')).toBe('500\n')
    await expectWhole()
  })

  test('a step whose mount changed while it ran is not found again', async () => {
    const step = [
      'RUN --mount=type=cache,target=/memory --mount=type=bind,target=/context if [ ! -e /memory/ran ]; then',
      'touch /memory/ran; echo ran; while ! grep -q changed /context/file; do sleep 0.1; done; fi;',
      'cat /context/file >/result',
    ].join(' ')
    const files = { Dockerfile: `FROM BASE\n${step}\n`, file: 'first' }
    const context = writeContext(world, files)
    const child = world.start(['build', '--progress', 'plain', '-t', 'changed', context])
    const ended = new Promise((done) => child.once('exit', done))
    let said = ''
    child.stderr?.on('data', (data: Buffer) => {
      said += data.toString()
    })
    await until(() => / ran\n/.test(said), 'the step runs')
    writeFileSync(join(context, 'file'), 'changed')
    expect(await ended).toBe(0)
    expect(await printed(world, 'changed', 'cat', '/result')).toBe('changed')
    writeFileSync(join(context, 'file'), 'first')
    await built(world, context, '-t', 'first')
    expect(await printed(world, 'first', 'cat', '/result')).toBe('first')
    expect(cachedSteps(await built(world, context))).toContainEqual(expect.stringContaining('RUN'))
  })

  test('a context that changes while it is read is not found again', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`data/${index}`, 'x'.repeat(200_000)]),
    )
    const context = writeContext(world, { Dockerfile: 'FROM BASE\nCOPY data /data\n', ...files })
    let writing = true
    const writer = (async () => {
      for (let turn = 0; writing; turn++) {
        appendFileSync(join(context, 'data', String(turn % 40)), 'more')
        await sleep(1)
      }
    })()
    for (let round = 0; round < 5; round++) {
      const { exitCode, stderr } = await build(world, context, ['-t', 'moving'])
      // Either it could be read after all, or the sentence says what was in the way.
      if (exitCode !== 0) expect(stderr).toMatch(/ERROR: .*data\/\d+/)
    }
    writing = false
    await writer
    writeFileSync(join(context, 'data/0'), 'last')
    await built(world, context, '-t', 'steady')
    expect(await printed(world, 'steady', 'cat', '/data/0')).toBe('last')
    const sum = 'cat /data/* | md5sum'
    const inside = await printed(world, 'steady', 'sh', '-c', sum)
    expect(inside).toBe(
      (await world.run('sh', ['-c', `cd ${context}; cat data/* | md5sum`])).stdout,
    )
  })
})

describe('a full disk', () => {
  let store: string
  beforeEach(async () => {
    await start()
    store = join(world.home, '.local/share')
    mkdirSync(store, { recursive: true })
    const owner = `${world.ids.uid}:${world.ids.gid}`
    execFileSync('chown', ['-R', owner, join(world.home, '.local')])
    const options = `size=96m,mode=700,uid=${world.ids.uid},gid=${world.ids.gid}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', store])
    await pullBase()
  })
  afterEach(async () => {
    execFileSync('umount', [store])
    await world.remove()
  })

  test.each([
    ['in a step', 'RUN dd if=/dev/zero of=/large bs=1M count=200\n', /No space left on device/],
    ['in a copy', 'COPY large /large\n', /no space left on device/i],
    ['in an output', 'COPY half /half\nRUN cp /half /half2\n', /no space left on device/i],
  ])('%s', async (_where, text, message) => {
    const context = writeContext(world, { Dockerfile: `FROM BASE\nRUN echo x >/x\n${text}` })
    execFileSync('truncate', ['-s', '200M', join(context, 'large')])
    execFileSync('sh', ['-c', `head -c 30000000 /dev/urandom >${context}/half`])
    execFileSync('sh', ['-c', `head -c 200000000 /dev/urandom >${context}/large`])
    const outcome = await build(world, context, ['-t', 'refused'])
    expect(outcome.stderr).toMatch(message)
    expect(outcome.exitCode).toBe(1)
    rmSync(join(context, 'large'))
    expect((await world.lighter(['images', '-q', 'refused'])).stdout).toBe('')
    await expectWhole()
    const small = writeContext(world, { Dockerfile: 'FROM BASE\nRUN echo x >/x\n' })
    expect(cachedSteps(await built(world, small, '-t', 'small'))).toHaveLength(2)
    expect(await printed(world, 'small', 'cat', '/x')).toBe('x\n')
    expect(readdirSync(join(world.data, 'tmp'))).toEqual([])
  })
})
