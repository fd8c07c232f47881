import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type FaultImage, pushFaultImage } from '../fixtures/fault-image.ts'
import { holdAt, ofBlob, throttle } from '../helpers/faults.ts'
import { type Front, type Intercept, isBlob, startFront } from '../helpers/front.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, type World } from '../helpers/world.ts'

const MIB = 1024 * 1024
const worked = { exitCode: 0, stderr: '' }

let image: FaultImage
let world: World
let front: Front
let opened: Promise<void> | undefined

/** Whoever fetches the big layer from now on waits in the midst of it, until what is returned is called. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  opened = promise
  return resolve
}

beforeAll(async () => {
  image = pushFaultImage('together', [6 * MIB, MIB, MIB])
  const slow = throttle('down', 4 * MIB)
  const intercept: Intercept = (request, response, forward) => {
    if (!isBlob(request)) return forward()
    const isHeld = opened && ofBlob(big().digest)(request)
    const pass = isHeld ? holdAt(3 * MIB, opened ?? Promise.resolve()) : slow
    pass(request, response, forward)
  }
  front = await startFront(inject('registry'), intercept)
})
afterAll(() => front.stop())

beforeEach(() => {
  world = makeWorld('together')
  front.seen.length = 0
  opened = undefined
})
afterEach(() => world.remove())

const big = () => image.layers[0] ?? { digest: '', size: 0 }
const list = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []
const start = () => world.start(['pull', `${front.host}/${image.name}`])
const sentOf = (digest: string): number =>
  front.seen.filter(({ path }) => path.endsWith(digest)).reduce((sum, { sent }) => sum + sent, 0)

/** Waits until so much of the big layer is here. */
const untilPartial = (size: number): Promise<void> =>
  until(() => {
    const path = join(world.data, 'downloads', `${big().digest.slice(7)}.partial`)
    return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= size
  })

function expectWhole(): void {
  const parts = [image.manifest, image.config, ...image.layers]
  expect(list('blobs/sha256')).toEqual(parts.map(({ digest }) => digest.slice(7)).sort())
  expect(list('layers')).toHaveLength(3)
  expect(list('downloads')).toEqual([])
  expect(remainsIn(world.data)).toEqual([])
}

describe('one image, pulled by several commands at once', () => {
  test.each([2, 5])('%i of them fetch each blob once', async (count) => {
    const outcomes = await Promise.all(Array.from({ length: count }, () => finish(start())))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject(worked)
      expect(outcome.stdout).toMatch(/^Digest: sha256:/m)
    }
    const blobs = front.seen.filter(({ path }) => path.includes('/blobs/')).map(({ path }) => path)
    expect(new Set(blobs).size).toBe(image.layers.length + 1)
    expect(blobs).toHaveLength(image.layers.length + 1)
    expectWhole()
  })

  test('who waits says so', async () => {
    const open = hold()
    const first = finish(start())
    await untilPartial(MIB)
    const id = big().digest.slice(7, 19)
    const waits = start()
    let heard = ''
    waits.stdout.on('data', (text) => {
      heard += text
    })
    const ended = finish(waits)
    await until(() => heard.includes(`${id}: Waiting\n`), 'the second one waits')
    open()
    const second = await ended
    expect(second).toMatchObject(worked)
    const said = second.stdout.split('\n').filter((line) => line.startsWith(id))
    expect(said).toEqual([`${id}: Pulling fs layer`, `${id}: Waiting`, `${id}: Pull complete`])
    expect(await first).toMatchObject(worked)
  })

  test('one is killed: the next takes over what is there of it', async () => {
    const open = hold()
    const first = start()
    const ended = finish(first)
    await untilPartial(MIB)
    const others = Array.from({ length: 3 }, () => finish(start()))
    await until(() => front.seen.filter(({ path }) => path.includes('/manifests/')).length >= 4)
    await untilPartial(2 * MIB)
    first.kill('SIGKILL')
    await ended
    open()
    for (const outcome of await Promise.all(others)) expect(outcome).toMatchObject(worked)
    expectWhole()
    const asked = front.seen.filter(({ path }) => path.endsWith(big().digest))
    expect(asked).toHaveLength(2)
    expect(asked[1]?.range).toMatch(/^bytes=[1-9]\d{6}-$/)
    // What was on its way to the dead is all that comes twice.
    expect(sentOf(big().digest)).toBeLessThan(big().size + 2 * MIB)
  })
})
