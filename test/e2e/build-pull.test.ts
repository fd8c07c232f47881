import { afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest'
import { type FaultImage, pushFaultImage } from '../fixtures/fault-image.ts'
import { build, built, writeContext } from '../helpers/builds.ts'
import { answer, corruptAt, cutAt, ofBlob, spoil } from '../helpers/faults.ts'
import { type Front, type Intercept, startFront } from '../helpers/front.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const MIB = 1024 * 1024

let image: FaultImage
let world: World
let front: Front

beforeAll(() => {
  image = pushFaultImage('build-pull', [3 * MIB, MIB])
})
beforeEach(() => {
  world = makeWorld('build-pull')
})
afterEach(async () => {
  await front.stop()
  await world.remove()
})

const ofBig = (request: Parameters<Intercept>[0]): boolean =>
  ofBlob(image.layers[0]?.digest ?? '')(request)

/** Behind so many bytes of the large layer the registry is no more. */
const dies: Intercept = (request, response, forward) => {
  if (!ofBig(request)) return forward()
  response.once('close', () => void front.stop())
  cutAt(1_000_000)(request, response, forward)
}

const contextFrom = (host: string): string =>
  writeContext(world, { Dockerfile: `FROM ${host}/${image.name}\nCOPY f /f\n`, f: 'f' })

test.each<[string, Intercept, RegExp]>([
  ['is gone in the middle of a layer', dies, /connect: connection refused/],
  [
    'has the layer no more',
    spoil(ofBig, answer(404, {}, '{}'), Number.POSITIVE_INFINITY),
    /unknown blob/,
  ],
  [
    'always sends another layer',
    spoil(ofBig, corruptAt(1_000_000), Number.POSITIVE_INFINITY),
    /sha256/,
  ],
])('a registry that %s', async (_, intercept, reason) => {
  front = await startFront(inject('registry'), intercept)
  const outcome = await build(world, contextFrom(front.host), ['-t', 'never'])
  expect(outcome.exitCode).toBe(1)
  const errors = outcome.stderr.split('\n').filter((line) => line.startsWith('ERROR: '))
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatch(/^ERROR: failed to solve: /)
  expect(errors[0]).toMatch(reason)
  expect((await world.lighter(['images', '-q', 'never'])).stdout).toBe('')
  const check = await world.lighter(['system', 'check'])
  expect(check.stdout).toMatch(/: 0 damaged/)
  await built(world, contextFrom(inject('registry')), '-t', 'at-last')
  const shown = await world.lighter(['image', 'inspect', '-f', '{{len .RootFS.Layers}}', 'at-last'])
  expect(shown.stdout).toBe('3\n')
  expect(remainsIn(world.data)).toEqual([])
})

test('a registry that breaks off once is asked again', async () => {
  front = await startFront(inject('registry'), spoil(ofBig, cutAt(1_000_000)))
  await built(world, contextFrom(front.host), '-t', 'resumed')
})
