import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FaultImage, pushFaultImage } from '../fixtures/fault-image.ts'
import {
  answer,
  cutAt,
  delay,
  forgetPermission,
  isManifest,
  loseAnswer,
  ofUpload,
  spoil,
  throttle,
  type Which,
} from '../helpers/faults.ts'
import { type Front, type Intercept, startFront } from '../helpers/front.ts'
import { startRegistryWith, startTokenServer, writeAs } from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const MIB = 1024 * 1024
const worked = { exitCode: 0, stderr: '' }
const own = `push-faults-${process.pid}`

let image: FaultImage
let world: World
let front: Front | undefined
let count = 0

beforeAll(async () => {
  world = makeWorld('push-faults')
  image = pushFaultImage('push-faults-source', [2 * MIB, 20_000])
  const outcome = await world.lighter(['pull', '-q', `${inject('registry')}/${image.name}`])
  expect(outcome).toMatchObject(worked)
})
afterEach(async () => {
  await front?.stop()
  front = undefined
})
afterAll(() => world.remove())

/** Pushes the image to a repository that has nothing of it, of a registry that knows it from nowhere. */
async function push(intercept: Intercept, env: Record<string, string> = {}) {
  count += 1
  const repository = `${own}/${count}`
  const { host, seen, stop } = await startFront(inject('registry'), intercept)
  try {
    const name = `${host}/${repository}:latest`
    const tag = ['tag', `${inject('registry')}/${image.name}`, name]
    expect(await world.lighter(tag)).toMatchObject(worked)
    return { ...(await world.lighter(['push', name], { env })), seen, repository }
  } finally {
    await stop()
  }
}

/** The registry has exactly the image, as another program sees it. */
function expectPushed(repository: string): void {
  const url = `docker://${inject('registry')}/${repository}:latest`
  const text = execFileSync('skopeo', ['inspect', '--tls-verify=false', url], { encoding: 'utf8' })
  const { Digest, Layers } = JSON.parse(text)
  expect(Digest).toBe(image.manifest.digest)
  expect(Layers).toEqual(image.layers.map(({ digest }) => digest))
}

// Most of the time goes by between one try and the next: they are tried beside each other.
describe.concurrent('a fault that passes', () => {
  const isBig = ({ headers }: Parameters<Which>[0]): boolean =>
    Number(headers['content-length']) > MIB
  const ofBig: Which = (request) => ofUpload('PATCH')(request) && isBig(request)

  test.each<[string, () => Intercept, number]>([
    // docker-registry tells only those how far it is who know it already.
    ['a piece gets no answer', () => spoil(ofBig, loseAnswer), 2],
    ['500 for a piece', () => spoil(ofBig, answer(500)), 2],
    ['429 for a piece', () => spoil(ofBig, answer(429, { 'retry-after': '1' })), 2],
    ['503 at the begin', () => spoil(ofUpload('POST'), answer(503), 2), 1],
    ['the begin breaks', () => spoil(ofUpload('POST'), cutAt(0), 2), 1],
    ['the end is refused', () => spoil(ofUpload('PUT'), answer(502), 2), 1],
    ['the answer to the end is lost', () => spoil(ofUpload('PUT'), loseAnswer, 2), 1],
    ['the manifest breaks', () => spoil(isManifest, cutAt(0), 2), 1],
    ['the answer to the manifest is lost', () => spoil(isManifest, loseAnswer), 1],
    ['429 for the manifest', () => spoil(isManifest, answer(429, { 'retry-after': '1' })), 1],
    ['everything takes its time', () => delay(200), 1],
  ])('%s', async (_, makeFault, sends) => {
    const { seen, repository, ...outcome } = await push(makeFault())
    expect(outcome).toMatchObject(worked)
    expectPushed(repository)
    expect(seen.filter(({ method }) => method === 'PATCH')).toHaveLength(sends)
  })
})

test('a slow way out is not cut off, however impatient one is with answers', async () => {
  const slow = throttle('up', 512 * 1024)
  const intercept: Intercept = (request, response, forward) =>
    request.method === 'PATCH' ? slow(request, response, forward) : forward()
  const begin = Date.now()
  const { seen, repository, ...outcome } = await push(intercept, { LIGHTER_REGISTRY_TIMEOUT: '2' })
  expect(outcome).toMatchObject(worked)
  expectPushed(repository)
  expect(seen.filter(({ method }) => method === 'PATCH')).toHaveLength(1)
  expect(Date.now() - begin).toBeGreaterThan(3000)
})

describe.concurrent('a fault that stays', () => {
  const limited = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have pushed too often."}]}'

  test.each<[string, Intercept, RegExp, number]>([
    [
      'a limit that lasts',
      spoil(ofUpload('POST'), answer(429, { 'retry-after': '3600' }, limited), Infinity),
      /^toomanyrequests: You have pushed too often\.\n$/,
      2,
    ],
    [
      'the end is never answered, and nothing is there',
      spoil(ofUpload('PUT'), cutAt(0), Infinity),
      /^Put "http:\S+": unexpected EOF\n$/,
      10,
    ],
    [
      'no manifest is taken',
      spoil(isManifest, answer(400, {}, '{"errors":[{"code":"MANIFEST_INVALID"}]}'), Infinity),
      /manifest invalid\n$/,
      9,
    ],
  ])('%s', async (_, intercept, sentence, requests) => {
    const { seen, repository, exitCode, stderr, stdout } = await push(intercept)
    expect(stderr).toMatch(sentence)
    expect(exitCode).toBe(1)
    expect(stdout).not.toContain('digest:')
    const changing = seen.filter(({ method }) => ['POST', 'PATCH', 'PUT'].includes(method))
    expect(changing.length).toBeLessThanOrEqual(2 * requests)
    const answered = await fetch(`http://${inject('registry')}/v2/${repository}/manifests/latest`)
    expect(answered.status).toBe(404)
  })
})

test('permission that runs out between the requests of an upload is got anew', async () => {
  const tokens = await startTokenServer('tester', 'secret word')
  const server = await startRegistryWith(tokens.settings)
  const which: Which = (request) =>
    ofUpload('PATCH')(request) || ofUpload('PUT')(request) || isManifest(request)
  const seenBefore = new Set<string>()
  /** Once for each kind of request. */
  const forget: Intercept = (request, response, forward) => {
    const kind = `${request.method}`
    const isNew = which(request) && !seenBefore.has(kind)
    seenBefore.add(kind)
    if (isNew) forgetPermission(request, response, forward)
    else forward()
  }
  front = await startFront(server.host, forget)
  try {
    const auth = Buffer.from('tester:secret word').toString('base64')
    const config = JSON.stringify({ auths: { [front.host]: { auth } } })
    writeAs(world.ids, join(world.home, '.docker/config.json'), config)
    const repository = `${own}/token`
    const name = `${front.host}/${repository}:latest`
    await world.lighter(['tag', `${inject('registry')}/${image.name}`, name])
    expect(await world.lighter(['push', name])).toMatchObject(worked)
    expectPushed(repository)
    // One to begin with, however many ask, one for each that ran out; two that run out together share one.
    expect(tokens.seen.length).toBeGreaterThanOrEqual(2)
    expect(tokens.seen.length).toBeLessThanOrEqual(3)
    const others = front.seen.filter(({ authorization }) => /^Basic/.test(authorization ?? ''))
    expect(others).toEqual([])
  } finally {
    await server.stop()
    await tokens.stop()
  }
})

// It waited for the registry's answer until that was late.
test('a layer that is being taken over from elsewhere ends with the failure of another', async () => {
  const mounts: string[] = []
  front = await startFront(inject('registry'), (request, response, forward) => {
    if (request.method !== 'POST') return forward()
    if (!request.url?.includes('mount=')) return void response.writeHead(403).end()
    mounts.push(request.url)
    // The first one is never answered.
    if (mounts.length > 1) response.writeHead(404).end()
  })
  const name = `${front.host}/${own}/abandoned:latest`
  expect(await world.lighter(['pull', '-q', `${front.host}/${image.name}`])).toMatchObject(worked)
  expect(await world.lighter(['tag', `${front.host}/${image.name}`, name])).toMatchObject(worked)
  const begun = Date.now()
  const { exitCode, stderr } = await world.lighter(['push', name])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('denied')
  expect(mounts).toHaveLength(2)
  expect(Date.now() - begun).toBeLessThan(20_000)
})
