import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, inject } from 'vitest'
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
import { type Front, type Intercept, isBlob } from '../helpers/front.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { PullPlace, testAt } from '../helpers/pull-place.ts'
import { startRegistryWith, startTokenServer, writeAs } from '../helpers/registries.ts'
import { until } from '../helpers/until.ts'
import { finish, type Outcome } from '../helpers/world.ts'

const MIB = 1024 * 1024
const CUT = 1_000_000
const worked = { exitCode: 0, stderr: '' }

let image: FaultImage

beforeAll(() => {
  image = pushFaultImage('pull-faults', [3 * MIB, MIB])
})

const big = () => image.layers[0] ?? { digest: '', size: 0 }
const small = () => image.layers[1] ?? { digest: '', size: 0 }
const ofBig = (request: Parameters<Intercept>[0]): boolean => ofBlob(big().digest)(request)
const isRange: typeof isManifest = (request) =>
  request.headers.range !== undefined && ofBig(request)

/** A world that pulls the image from a registry that spoils some requests. */
class Place extends PullPlace {
  constructor() {
    super('pull-faults')
  }

  async pull(intercept: Intercept, ...flags: string[]): Promise<Outcome & { front: Front }> {
    const front = await this.open(intercept)
    const outcome = await this.world.lighter(['pull', ...flags, `${front.host}/${image.name}`])
    return { ...outcome, front }
  }

  /** Everything is here, under its digest, and nothing else is. */
  async expectWhole(): Promise<void> {
    const parts = [image.manifest, image.config, ...image.layers]
    expect(this.list('blobs/sha256')).toEqual(parts.map(({ digest }) => digest.slice(7)).sort())
    expect(this.list('layers')).toHaveLength(2)
    expect(this.list('downloads')).toEqual([])
    expect(remainsIn(this.world.data)).toEqual([])
    const about = ['image', 'inspect', '-f', '{{.Id}}', image.config.digest]
    expect((await this.world.lighter(about)).stdout.trim()).toBe(image.config.digest)
  }
}

const test = testAt(() => new Place())

/** How many bytes of a blob were sent, in all answers together. */
const sentOf = ({ seen }: Front, { digest }: { digest: string }): number =>
  seen.filter(({ path }) => path.endsWith(digest)).reduce((sum, { sent }) => sum + sent, 0)

describe.concurrent('a fault that passes', () => {
  const date = (): string => new Date(Date.now() + 2000).toUTCString()
  const twice = (which: typeof isManifest, fault: Intercept) => spoil(which, fault, 2)
  const cutThen = (fault: Intercept): Intercept => {
    const cut = spoil((request) => ofBig(request) && !isRange(request), cutAt(CUT))
    return (request, response, forward) =>
      isRange(request) ? fault(request, response, forward) : cut(request, response, forward)
  }

  /** Each with the share of the layer that comes for nothing, at most. */
  test.for<[string, () => Intercept, number]>([
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
  ])('%s', async ([, makeFault, extra], { at }) => {
    const outcome = await at.pull(makeFault())
    expect(outcome).toMatchObject(worked)
    await at.expectWhole()
    expect(sentOf(outcome.front, big())).toBeGreaterThanOrEqual(big().size)
    expect(sentOf(outcome.front, big())).toBeLessThanOrEqual(big().size * (1 + extra))
    // What was whole is not fetched again because of what was not.
    expect(sentOf(outcome.front, small())).toBe(small().size)
  })

  test.for<[string, () => string]>([
    ['seconds', () => '2'],
    ['a date', date],
  ])('429 with Retry-After as %s is not asked before its time', async ([, after], { at }) => {
    const times: number[] = []
    const refuse = spoil(isManifest, (request, response, forward) => {
      const header = after()
      answer(429, { 'retry-after': header })(request, response, forward)
    })
    const outcome = await at.pull((request, response, forward) => {
      if (isManifest(request)) times.push(Date.now())
      refuse(request, response, forward)
    })
    expect(outcome).toMatchObject(worked)
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(900)
  })
})

describe.concurrent('a fault that stays', () => {
  const daemon = 'Error response from daemon: '
  const limit =
    '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
  const limited = 'toomanyrequests: You have reached your pull rate limit.'

  /** Fails with one sentence and nothing half made; what was whole stays for the next pull. */
  async function expectFailure(
    at: Place,
    outcome: Outcome,
    sentence: RegExp | string,
  ): Promise<void> {
    expect(outcome.exitCode).toBe(1)
    if (typeof sentence === 'string') expect(outcome.stderr).toBe(`${sentence}\n`)
    else expect(outcome.stderr).toMatch(sentence)
    expect(outcome.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(at.list('refs')).toEqual([])
    expect(at.list('downloads').filter((name) => !name.endsWith('.partial'))).toEqual([])
    expect(remainsIn(at.world.data)).toEqual([])
  }

  test('a limit that lasts for an hour is told of at once, in the words of the registry', async ({
    at,
  }) => {
    const begin = Date.now()
    const outcome = await at.pull(
      spoil(isManifest, answer(429, { 'retry-after': '3600' }, limit), Infinity),
    )
    await expectFailure(at, outcome, `${daemon}${limited}`)
    expect(Date.now() - begin).toBeLessThan(10_000)
    expect(outcome.front.seen.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(1)
  })

  test('a limit for blobs', async ({ at }) => {
    const outcome = await at.pull(
      spoil(ofBig, answer(429, { 'retry-after': '1' }, limit), Infinity),
    )
    await expectFailure(at, outcome, limited)
    expect(outcome.front.seen.filter(({ path }) => path.endsWith(big().digest))).toHaveLength(4)
  })

  test.for([500, 502, 503])('%i', async (status, { at }) => {
    const outcome = await at.pull(spoil(isManifest, answer(status), Infinity))
    const text = STATUS_CODES[status]
    await expectFailure(at, outcome, `${daemon}received unexpected HTTP status: ${status} ${text}`)
    expect(outcome.front.seen.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(4)
  })

  test.for<[string, () => Intercept, RegExp]>([
    ['always cut, without ranges', () => either([ofBig, cutAtWithoutRange]), /unexpected EOF/],
    ['always another byte', () => either([ofBig, corruptAt(CUT)]), /^filesystem layer verif/],
    ['never found', () => either([ofBig, answer(404)]), /^unknown blob\n$/],
  ])('%s: what was whole is not fetched again', async ([, makeFault, sentence], { at }) => {
    const outcome = await at.pull(makeFault())
    await expectFailure(at, outcome, sentence)
    const whole = at.list('blobs/sha256').includes(small().digest.slice(7))
    const again = await at.pull((_request, _response, forward) => forward())
    expect(again).toMatchObject(worked)
    await at.expectWhole()
    if (whole) expect(sentOf(again.front, small())).toBe(0)
    expect(sentOf(again.front, image.config)).toBe(0)
    expect(sentOf(again.front, big())).toBeLessThanOrEqual(big().size)
  })

  const cutAtWithoutRange: Intercept = (request, response, forward) => {
    delete request.headers.range
    cutAt(CUT)(request, response, forward)
  }

  test.for(['SIGINT', 'SIGTERM'] as const)('%s ends the wait at once', async (signal, { at }) => {
    const front = await at.open(spoil(isManifest, answer(429, { 'retry-after': '25' }), Infinity))
    const { host, seen } = front
    const child = at.world.start(['pull', `${host}/${image.name}`])
    const ended = finish(child)
    await until(() => seen.some(({ path }) => path.includes('/manifests/')))
    await sleep(300)
    const begin = Date.now()
    child.kill(signal)
    await ended
    expect(Date.now() - begin).toBeLessThan(10_000)
    expect(at.list('refs')).toEqual([])
  })
})

test('permission that runs out in the midst is got anew, a part that is here is not', async ({
  at,
}) => {
  const tokens = await startTokenServer('tester', 'secret word')
  const server = await startRegistryWith(tokens.settings)
  const cut = spoil(ofBig, cutAt(CUT))
  const forget = spoil(isRange, forgetPermission)
  const front = await at.open(
    (request, response, forward) => (isRange(request) ? forget : cut)(request, response, forward),
    server.host,
  )
  try {
    const auth = Buffer.from('tester:secret word').toString('base64')
    const config = JSON.stringify({ auths: { [front.host]: { auth } } })
    writeAs(at.world.ids, join(at.world.home, '.docker/config.json'), config)
    const outcome = await at.world.lighter(['pull', '-q', `${front.host}/${image.name}`])
    expect(outcome).toMatchObject(worked)
    await at.expectWhole()
    expect(tokens.seen).toHaveLength(2)
    expect(sentOf(front, big())).toBeLessThan(big().size + 10_000)
  } finally {
    await server.stop()
    await tokens.stop()
  }
})

describe('nothing new', () => {
  test.for(['busybox:latest', 'busybox:multi', 'busybox:schema2'])(
    '%s: one question, and no manifest comes',
    async (name, { at }) => {
      const front = await at.open((_request, _response, forward) => forward())
      const args = ['pull', '-q', `${front.host}/${name}`]
      expect(await at.world.lighter(args)).toMatchObject(worked)
      const before = front.seen.length
      expect(await at.world.lighter(args)).toMatchObject(worked)
      const asked = front.seen.slice(before)
      expect(asked.map(({ method, sent }) => ({ method, sent }))).toEqual([
        { method: 'HEAD', sent: 0 },
      ])
    },
  )

  test('a registry that answers no HEAD is asked for the manifest', async ({ at }) => {
    const noHead: Intercept = (request, response, forward) =>
      request.method === 'HEAD' ? response.writeHead(405).end() : forward()
    const { front, ...outcome } = await at.pull(noHead)
    expect(outcome).toMatchObject(worked)
    const again = await at.world.lighter(['pull', `${front.host}/${image.name}`])
    expect(again).toMatchObject(worked)
    expect(again.stdout).toContain('Status: Image is up to date for ')
    expect(front.seen.filter(isBlobPath)).toHaveLength(3)
  })

  const isBlobPath = ({ path }: { path: string }): boolean => isBlob({ url: path } as never)

  test('another platform of the same name is fetched', async ({ at }) => {
    const name = `${inject('registry')}/busybox:multi`
    const architecture = async () =>
      (await at.world.lighter(['image', 'inspect', '-f', '{{.Architecture}}', name])).stdout.trim()
    for (const wanted of ['arm64', 'amd64', 'arm64']) {
      const outcome = await at.world.lighter(['pull', '-q', '--platform', `linux/${wanted}`, name])
      expect(outcome).toMatchObject(worked)
      expect(await architecture()).toBe(wanted)
    }
  })
})
