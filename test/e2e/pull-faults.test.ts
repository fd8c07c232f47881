import { existsSync, readdirSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type FaultImage, pushFaultImage } from '../fixtures/fault-image.ts'
import {
  answer,
  corruptAt,
  cutAt,
  delay,
  either,
  forgetPermission,
  ignoreRange,
  isManifest,
  lieAboutRange,
  ofBlob,
  shiftRange,
  shortenTo,
  spoil,
  throttle,
} from '../helpers/faults.ts'
import { type Front, type Intercept, isBlob, startFront } from '../helpers/front.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { startRegistryWith, startTokenServer, writeAs } from '../helpers/registries.ts'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

const MIB = 1024 * 1024
const CUT = 1_000_000
const worked = { exitCode: 0, stderr: '' }

let image: FaultImage
let world: World
let front: Front | undefined

beforeAll(() => {
  image = pushFaultImage('pull-faults', [3 * MIB, MIB])
})
beforeEach(() => {
  world = makeWorld('pull-faults')
})
afterEach(async () => {
  await front?.stop()
  front = undefined
  await world.remove()
})

const big = () => image.layers[0] ?? { digest: '', size: 0 }
const small = () => image.layers[1] ?? { digest: '', size: 0 }
const ofBig = (request: Parameters<Intercept>[0]): boolean => ofBlob(big().digest)(request)
const isRange: typeof isManifest = (request) =>
  request.headers.range !== undefined && ofBig(request)

/** Pulls through a front that spoils some requests. */
async function pull(intercept: Intercept, ...flags: string[]): Promise<Outcome & { front: Front }> {
  await front?.stop()
  front = await startFront(inject('registry'), intercept)
  const outcome = await world.lighter(['pull', ...flags, `${front.host}/${image.name}`])
  return { ...outcome, front }
}

const list = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []

/** How many bytes of a blob were sent, in all answers together. */
const sentOf = ({ seen }: Front, { digest }: { digest: string }): number =>
  seen.filter(({ path }) => path.endsWith(digest)).reduce((sum, { sent }) => sum + sent, 0)

/** Everything is here, under its digest, and nothing else is. */
async function expectWhole(): Promise<void> {
  const parts = [image.manifest, image.config, ...image.layers]
  expect(list('blobs/sha256')).toEqual(parts.map(({ digest }) => digest.slice(7)).sort())
  expect(list('layers')).toHaveLength(2)
  expect(list('downloads')).toEqual([])
  expect(remainsIn(world.data)).toEqual([])
  const { stdout } = await world.lighter(['image', 'inspect', '-f', '{{.Id}}', image.config.digest])
  expect(stdout.trim()).toBe(image.config.digest)
}

describe('a fault that passes', () => {
  const date = (): string => new Date(Date.now() + 2000).toUTCString()
  const twice = (which: typeof isManifest, fault: Intercept) => spoil(which, fault, 2)
  const cutThen = (fault: Intercept): Intercept => {
    const cut = spoil((request) => ofBig(request) && !isRange(request), cutAt(CUT))
    return (request, response, forward) =>
      isRange(request) ? fault(request, response, forward) : cut(request, response, forward)
  }

  /** Each with the share of the layer that comes for nothing, at most. */
  test.each<[string, () => Intercept, number]>([
    ['a layer is cut', () => spoil(ofBig, cutAt(CUT)), 0],
    ['a layer is cut three times', () => spoil(ofBig, cutAt(CUT), 3), 0],
    ['a layer breaks before its first byte', () => twice(ofBig, cutAt(0)), 0],
    ['the manifest breaks', () => twice(isManifest, cutAt(0)), 0],
    ['the configuration breaks', () => twice(ofBlob(image.config.digest), cutAt(0)), 0],
    ['the very first request breaks', () => spoil(() => true, cutAt(0)), 0],
    ['everything takes its time', () => delay(300), 0],
    ['a slow line', () => throttle('down', 2 * MIB), 0],
    ['a head that promises less than there is', () => spoil(ofBig, shortenTo(CUT)), 0],
    ['500', () => twice(ofBig, answer(500)), 0],
    ['502 for the manifest', () => twice(isManifest, answer(502, {}, '<html>')), 0],
    ['503 in the midst', () => cutThen(spoil(isRange, answer(503), 2)), 0],
    ['429', () => twice(ofBig, answer(429)), 0],
    ['429 in the midst', () => cutThen(spoil(isRange, answer(429, { 'retry-after': '1' }))), 0],
    ['ranges are ignored', () => cutThen(ignoreRange), 1],
    ['ranges begin too late', () => cutThen(shiftRange(1000)), 2],
    ['ranges are not what they say', () => cutThen(spoil(isRange, lieAboutRange)), 2],
    ['ranges are refused', () => cutThen(spoil(isRange, answer(416))), 1],
  ])('%s', async (_, makeFault, extra) => {
    const outcome = await pull(makeFault())
    expect(outcome).toMatchObject(worked)
    await expectWhole()
    expect(sentOf(outcome.front, big())).toBeGreaterThanOrEqual(big().size)
    expect(sentOf(outcome.front, big())).toBeLessThanOrEqual(big().size * (1 + extra))
    // What was whole is not fetched again because of what was not.
    expect(sentOf(outcome.front, small())).toBe(small().size)
  })

  test.each<[string, () => string]>([
    ['seconds', () => '2'],
    ['a date', date],
  ])('429 with Retry-After as %s is not asked before its time', async (_, after) => {
    const times: number[] = []
    const refuse = spoil(isManifest, (request, response, forward) => {
      const header = after()
      answer(429, { 'retry-after': header })(request, response, forward)
    })
    const outcome = await pull((request, response, forward) => {
      if (isManifest(request)) times.push(Date.now())
      refuse(request, response, forward)
    })
    expect(outcome).toMatchObject(worked)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(900)
  })
})

describe('a fault that stays', () => {
  const daemon = 'Error response from daemon: '
  const limit =
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
  const limited = 'toomanyrequests: You have reached your pull rate limit.'

  /** Fails with one sentence and nothing half made; what was whole stays for the next pull. */
  async function expectFailure(outcome: Outcome, sentence: RegExp | string): Promise<void> {
    expect(outcome.exitCode).toBe(1)
    if (typeof sentence === 'string') expect(outcome.stderr).toBe(`${sentence}\n`)
    else expect(outcome.stderr).toMatch(sentence)
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(list('refs')).toEqual([])
    expect(list('downloads').filter((name) => !name.endsWith('.partial'))).toEqual([])
    expect(remainsIn(world.data)).toEqual([])
  }

  test('a limit that lasts for an hour is told of at once, in the words of the registry', async () => {
    const begin = Date.now()
    const outcome = await pull(
      spoil(isManifest, answer(429, { 'retry-after': '3600' }, limit), Infinity),
    )
    await expectFailure(outcome, `${daemon}${limited}`)
    expect(Date.now() - begin).toBeLessThan(10_000)
    expect(outcome.front.seen.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(1)
  })

  test('a limit for blobs', async () => {
    const outcome = await pull(spoil(ofBig, answer(429, { 'retry-after': '1' }, limit), Infinity))
    await expectFailure(outcome, limited)
    expect(outcome.front.seen.filter(({ path }) => path.endsWith(big().digest))).toHaveLength(4)
  })

  test.each([500, 502, 503])('%i', async (status) => {
    const outcome = await pull(spoil(isManifest, answer(status), Infinity))
    const text = STATUS_CODES[status]
    await expectFailure(outcome, `${daemon}received unexpected HTTP status: ${status} ${text}`)
    expect(outcome.front.seen.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(4)
  })

  test.each<[string, () => Intercept, RegExp]>([
    ['always cut, without ranges', () => either([ofBig, cutAtWithoutRange]), /unexpected EOF/],
    ['always another byte', () => either([ofBig, corruptAt(CUT)]), /^filesystem layer verif/],
    ['never found', () => either([ofBig, answer(404)]), /^unknown blob\n$/],
  ])('%s: what was whole is not fetched again', async (_, makeFault, sentence) => {
    const outcome = await pull(makeFault())
    await expectFailure(outcome, sentence)
    const whole = list('blobs/sha256').includes(small().digest.slice(7))
    const again = await pull((_request, _response, forward) => forward())
    expect(again).toMatchObject(worked)
    await expectWhole()
    if (whole) expect(sentOf(again.front, small())).toBe(0)
    expect(sentOf(again.front, image.config)).toBe(0)
    expect(sentOf(again.front, big())).toBeLessThanOrEqual(big().size)
  })

  const cutAtWithoutRange: Intercept = (request, response, forward) => {
    delete request.headers.range
    cutAt(CUT)(request, response, forward)
  }

  test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the wait at once', async (signal) => {
    front = await startFront(
      inject('registry'),
      spoil(isManifest, answer(429, { 'retry-after': '25' }), Infinity),
    )
    const { host, seen } = front
    const child = world.start(['pull', `${host}/${image.name}`])
    const ended = finish(child)
    await until(() => seen.some(({ path }) => path.includes('/manifests/')))
    await sleep(300)
    const begin = Date.now()
    child.kill(signal)
    await ended
    expect(Date.now() - begin).toBeLessThan(10_000)
    expect(list('refs')).toEqual([])
  })
})

test('permission that runs out in the midst is got anew, a part that is here is not', async () => {
  const tokens = await startTokenServer('tester', 'secret word')
  const server = await startRegistryWith(tokens.settings)
  const cut = spoil(ofBig, cutAt(CUT))
  const forget = spoil(isRange, forgetPermission)
  front = await startFront(server.host, (request, response, forward) =>
    (isRange(request) ? forget : cut)(request, response, forward),
  )
  try {
    const auth = Buffer.from('tester:secret word').toString('base64')
    const config = JSON.stringify({ auths: { [front.host]: { auth } } })
    writeAs(world.ids, join(world.home, '.docker/config.json'), config)
    const outcome = await world.lighter(['pull', '-q', `${front.host}/${image.name}`])
    expect(outcome).toMatchObject(worked)
    await expectWhole()
    expect(tokens.seen).toHaveLength(2)
    expect(sentOf(front, big())).toBeLessThan(big().size + 10_000)
  } finally {
    await server.stop()
    await tokens.stop()
  }
})

describe('nothing new', () => {
  test.each(['busybox:latest', 'busybox:multi', 'busybox:schema2'])(
    '%s: one question, and no manifest comes',
    async (name) => {
      front = await startFront(inject('registry'), (_request, _response, forward) => forward())
      const args = ['pull', '-q', `${front.host}/${name}`]
      expect(await world.lighter(args)).toMatchObject(worked)
      const before = front.seen.length
      expect(await world.lighter(args)).toMatchObject(worked)
      const asked = front.seen.slice(before)
      expect(asked.map(({ method, sent }) => ({ method, sent }))).toEqual([
        { method: 'HEAD', sent: 0 },
      ])
    },
  )

  test('a registry that answers no HEAD is asked for the manifest', async () => {
    const noHead: Intercept = (request, response, forward) =>
      request.method === 'HEAD' ? response.writeHead(405).end() : forward()
    expect(await pull(noHead)).toMatchObject(worked)
    const again = await world.lighter(['pull', `${front?.host}/${image.name}`])
    expect(again).toMatchObject(worked)
    expect(again.stdout).toContain('Status: Image is up to date for ')
    expect(front?.seen.filter(isBlobPath)).toHaveLength(3)
  })

  const isBlobPath = ({ path }: { path: string }): boolean => isBlob({ url: path } as never)

  test('another platform of the same name is fetched', async () => {
    const name = `${inject('registry')}/busybox:multi`
    const architecture = async () =>
      (await world.lighter(['image', 'inspect', '-f', '{{.Architecture}}', name])).stdout.trim()
    for (const wanted of ['arm64', 'amd64', 'arm64']) {
      const outcome = await world.lighter(['pull', '-q', '--platform', `linux/${wanted}`, name])
      expect(outcome).toMatchObject(worked)
      expect(await architecture()).toBe(wanted)
    }
  })
})
