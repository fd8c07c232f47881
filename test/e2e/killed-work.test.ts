import { createHash, randomInt } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type Front, startFront } from '../helpers/front.ts'
import { withDescendants } from '../helpers/leftovers.ts'
import { untilDead } from '../helpers/until.ts'
import { finish, makeWorld, type World } from '../helpers/world.ts'

/** How often each command is killed, where there is time; `LIGHTER_KILLS=100` takes it. */
const KILLS = Number(process.env.LIGHTER_KILLS ?? 100)
/** Without that wish nobody waits longer, however busy the machine is: but so many there are. */
const BUDGET = process.env.LIGHTER_KILLS === undefined ? 15_000 : Number.POSITIVE_INFINITY
const FEWEST = 20
const SEED = Number(process.env.LIGHTER_SEED ?? randomInt(2 ** 31))

let world: World
let front: Front
let image: string
const works = { exitCode: 0, stderr: '' }

beforeEach(async () => {
  world = makeWorld('killed')
  front = await startFront(inject('registry'), (_request, _response, forward) => forward())
  image = `${front.host}/busybox:latest`
})
afterEach(async () => {
  await world.remove()
  await front.stop()
})

const run = async (...args: string[]): Promise<void> => {
  expect(await world.lighter(args), args.join(' ')).toMatchObject(works)
}

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Ends the command and all that it started. */
async function kill(pid: number): Promise<void> {
  const all = withDescendants([pid])
  for (const one of all) {
    try {
      process.kill(one, 'SIGKILL')
    } catch {
      // it went with another one, or was done
    }
  }
  for (const one of all) await untilDead(one)
}

/** The digests of the blobs that are whole. */
function wholeBlobs(): Set<string> {
  const folder = join(world.data, 'blobs/sha256')
  const names = existsSync(folder) ? readdirSync(folder) : []
  const isWhole = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex') === name
  return new Set(names.filter(isWhole))
}

async function expectWhole(story: string): Promise<void> {
  const { exitCode, stdout, stderr } = await world.lighter(['system', 'check', '--max', '0s'])
  expect(stdout, story).toMatch(/^Checked 1 image, [^\n]*: 0 damaged\n$/)
  expect({ exitCode, stderr }, story).toEqual(works)
}

/** Pulls, and fails when the registry was asked for a blob that was whole. */
async function pullAgain(story: string): Promise<void> {
  const whole = wholeBlobs()
  front.seen.length = 0
  expect(await world.lighter(['pull', '-q', image]), story).toMatchObject(works)
  const asked = front.seen.flatMap(({ path }) => /\/blobs\/sha256:(\w{64})$/.exec(path)?.[1] ?? [])
  expect(
    asked.filter((digest) => whole.has(digest)),
    story,
  ).toEqual([])
  expect(asked.length, story).toBeLessThanOrEqual(3)
}

interface Story {
  /** Before each command that is killed. */
  prepare(): Promise<void>
  command: string[]
}

/** Kills the command at instants spread over the time that it takes; `recover` sees each time what is left. */
async function killOften(
  { prepare, command }: Story,
  recover: (story: string) => Promise<void>,
): Promise<void> {
  const next = random(SEED)
  const begun = Date.now()
  let duration = await measure(prepare, command)
  let cut = 0
  let count = 0
  for (; count < KILLS && (count < FEWEST || Date.now() - begun < BUDGET); count++) {
    await prepare()
    const wait = next() * duration
    const story = `seed ${SEED}, number ${count}: ${command[0]} killed after ${wait.toFixed(1)} ms`
    const started = Date.now()
    const child = world.start(command)
    let took = 0
    child.once('exit', () => {
      took = Date.now() - started
    })
    const ended = finish(child)
    await sleep(wait)
    if (child.exitCode === null && child.pid !== undefined) await kill(child.pid)
    const { exitCode } = await ended
    // The first one may have been slowed down by others.
    if (exitCode === 0) duration = (duration + Math.min(took, duration)) / 2
    else cut += 1
    await recover(story)
    await expectWhole(story)
  }
  console.log(`${command[0]}: ${cut} of ${count} were cut, seed ${SEED}`)
  expect(cut).toBeGreaterThan(count / 3)
}

async function measure(prepare: () => Promise<void>, command: string[]): Promise<number> {
  await prepare()
  const begun = Date.now()
  await run(...command)
  return Date.now() - begun
}

const removeImages = async () => {
  const { stdout } = await world.lighter(['images', '-q', '--no-trunc'])
  const ids = new Set(stdout.split('\n').filter(Boolean))
  if (ids.size > 0) await run('rmi', '-f', ...ids)
}

describe('kill -9 of a command and all it started, at any instant', { timeout: 3_600_000 }, () => {
  test('of a pull', async () => {
    await killOften({ prepare: removeImages, command: ['pull', '-q', image] }, pullAgain)
  })

  test('of a load', async () => {
    await run('pull', '-q', image)
    await run('save', '-o', 'image.tar', image)
    const command = ['load', '-q', '-i', 'image.tar']
    await killOften({ prepare: removeImages, command }, async (story) => {
      expect(await world.lighter(command), story).toMatchObject(works)
      // What the load has, a pull need not fetch.
      await pullAgain(story)
    })
  })

  test('of a prune', async () => {
    const prepare = () => run('pull', '-q', image)
    await killOften({ prepare, command: ['image', 'prune', '-af'] }, pullAgain)
  })
})
