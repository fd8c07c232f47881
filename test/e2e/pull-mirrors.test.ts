import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { type FaultImage, type Part, pushFaultImage } from '../fixtures/fault-image.ts'
import {
  answer,
  corruptAt,
  cutAt,
  either,
  type isManifest,
  ofBlob,
  spoil,
} from '../helpers/faults.ts'
import { type Front, type Intercept, startFront } from '../helpers/front.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { startRegistryWith, startTokenServer, writeAs } from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const MIB = 1024 * 1024
const CUT = 1_000_000
const worked = { exitCode: 0, stderr: '' }
const pass: Intercept = (_request, _response, forward) => forward()

let image: FaultImage
let world: World
let fronts: Front[] = []

beforeAll(() => {
  image = pushFaultImage('mirrors', [3 * MIB, MIB])
})
beforeEach(() => {
  world = makeWorld('mirrors')
})
afterEach(async () => {
  for (const front of fronts) await front.stop()
  fronts = []
  await world.remove()
})

const part = (index: number): Part => image.layers[index] ?? { digest: '', size: 0 }
const sentOf = ({ seen }: Front, { digest }: Part): number =>
  seen.filter(({ path }) => path.endsWith(digest)).reduce((sum, { sent }) => sum + sent, 0)
const list = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []

/** Pulls from an origin with mirrors in front of it. */
async function pull(origin: Intercept, ...mirrors: Intercept[]) {
  fronts = []
  for (const intercept of [origin, ...mirrors])
    fronts.push(await startFront(inject('registry'), intercept))
  writeRules()
  return await world.lighter(['pull', `${fronts[0]?.host}/${image.name}`])
}

/** The first front is a registry's own place, the others are its mirrors. */
function writeRules(): void {
  const [own, ...others] = fronts
  const rules = [
    `[[registry]]\nlocation = "${own?.host}"`,
    ...others.map(({ host }) => `[[registry.mirror]]\nlocation = "${host}"`),
  ].join('\n')
  writeAs(world.ids, join(world.home, '.config/containers/registries.conf'), rules)
}

describe('a mirror that fails in the midst of a pull', () => {
  const ofBig: typeof isManifest = (request) => ofBlob(part(0).digest)(request)
  const always = (fault: Intercept): Intercept => spoil(ofBig, fault, Infinity)
  let opened = 0
  /** Gives one part, then nothing any more. */
  const dies: Intercept = (request, response, forward) => {
    if (!ofBig(request)) return forward()
    opened += 1
    if (opened === 1) cutAt(CUT)(request, response, forward)
    else request.socket.destroy()
  }

  /** Each with how much of the big layer comes from its own place. */
  test.each<[string, () => Intercept, () => number]>([
    ['is cut, and gone then', () => dies, () => part(0).size - CUT],
    ['has other bytes', () => always(corruptAt(CUT)), () => part(0).size],
    ['does not find a blob', () => always(answer(404)), () => part(0).size],
    ['lets nobody in', () => always(answer(403)), () => part(0).size],
    ['has trouble', () => always(answer(500)), () => part(0).size],
    ['has another configuration', () => either([ofBlobOf('config'), corruptAt(3)]), () => 0],
  ])('%s: another place has it', async (_, makeFault, rest) => {
    opened = 0
    const outcome = await pull(pass, makeFault())
    expect(outcome).toMatchObject(worked)
    const [origin, mirror] = fronts
    if (!origin || !mirror) throw new Error('no fronts')
    if (rest() > 0) expect(sentOf(origin, part(0))).toBe(rest())
    // Asked of the mirror first, and what it gave whole is not asked for again.
    expect(mirror.seen.filter(({ path }) => path.includes('/manifests/'))).toHaveLength(1)
    expect(origin.seen.filter(({ path }) => path.includes('/manifests/'))).toEqual([])
    const small = sentOf(origin, part(1)) + sentOf(mirror, part(1))
    expect(small).toBe(part(1).size)
    expect(list('downloads')).toEqual([])
    expect(remainsIn(world.data)).toEqual([])
  })

  function ofBlobOf(which: 'config'): typeof isManifest {
    return (request) => ofBlob(image[which].digest)(request)
  }

  test('two of them: the next mirror comes before the own place', async () => {
    const outcome = await pull(pass, always(answer(500)), pass)
    expect(outcome).toMatchObject(worked)
    const [origin, , second] = fronts
    expect(second && sentOf(second, part(0))).toBe(part(0).size)
    expect(origin?.seen.filter(({ path }) => path !== '/v2/')).toEqual([])
  })

  test('all places fail: the own one has the last word, and nothing is half made', async () => {
    const outcome = await pull(always(corruptAt(CUT)), always(answer(500)))
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toBe(
      `filesystem layer verification failed for digest ${part(0).digest}\n`,
    )
    expect(list('refs')).toEqual([])
    expect(list('downloads')).toEqual([])
    expect(remainsIn(world.data)).toEqual([])
  })

  test("each place has its own permission, and sees nobody else's", async () => {
    const words = ['word of the own place', 'word of the mirror']
    const tokens = await Promise.all(words.map((word) => startTokenServer('tester', word)))
    const servers = await Promise.all(tokens.map(({ settings }) => startRegistryWith(settings)))
    const faults = [pass, always(answer(404))]
    for (const [index, fault] of faults.entries())
      fronts.push(await startFront(servers[index]?.host ?? '', fault))
    try {
      const auths = fronts.map(({ host }, index) => {
        const auth = Buffer.from(`tester:${words[index]}`).toString('base64')
        return [host, { auth }]
      })
      const config = JSON.stringify({ auths: Object.fromEntries(auths) })
      writeAs(world.ids, join(world.home, '.docker/config.json'), config)
      writeRules()
      const outcome = await world.lighter(['pull', '-q', `${fronts[0]?.host}/${image.name}`])
      expect(outcome).toMatchObject(worked)
      for (const [index, { seen }] of tokens.entries()) {
        const expected = `Basic ${Buffer.from(`tester:${words[index]}`).toString('base64')}`
        expect(seen.map(({ authorization }) => authorization)).toEqual([expected])
      }
      for (const front of fronts) {
        const basic = front.seen.filter(({ authorization }) => /^Basic/.test(authorization ?? ''))
        expect(basic).toEqual([])
      }
    } finally {
      for (const server of [...servers, ...tokens]) await server.stop()
    }
  })

  test('a mirror with another image under the digest of a list', async () => {
    const lies: Intercept = (request, response, forward) => {
      if (!/manifests\/sha256:/.test(request.url ?? '')) return forward()
      corruptAt(20)(request, response, forward)
    }
    fronts = [
      await startFront(inject('registry'), pass),
      await startFront(inject('registry'), lies),
    ]
    const [own] = fronts
    writeRules()
    const outcome = await world.lighter(['pull', `${own?.host}/busybox:multi`])
    expect(outcome).toMatchObject(worked)
    expect(own?.seen.some(({ path }) => /manifests\/sha256:/.test(path))).toBe(true)
  })
})
