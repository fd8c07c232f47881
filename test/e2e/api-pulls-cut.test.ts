import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, inject, test } from 'vitest'
import { type FaultImage, pushFaultImage } from '../fixtures/fault-image.ts'
import { cutAt, ofBlob, spoil, throttle } from '../helpers/faults.ts'
import { type Front, type Intercept, startFront } from '../helpers/front.ts'
import { tracesIn } from '../helpers/leftovers.ts'
import { serve } from '../helpers/served.ts'
import { messagesOf, openCall, untilMessage } from '../helpers/service-stream.ts'
import { until } from '../helpers/until.ts'

const MIB = 1024 * 1024

/** Pulls of clients that are cut in the middle, by whichever side: no half of an image, and the next pull works. */
const { world, service, ask, restart } = serve('api-pulls-cut')
let image: FaultImage
let front: Front | undefined

beforeAll(() => {
  image = pushFaultImage('api-cut', [3 * MIB, MIB])
})
afterEach(async () => {
  await front?.stop()
  front = undefined
  for (const { Id } of await listed()) await ask('DELETE', `/images/${Id}?force=1`)
})

const big = () => image.layers[0]?.digest ?? ''
const listed = async () => (await ask('GET', '/images/json')).json()
const within = (folder: string): string[] => {
  const path = join(world.data, folder)
  return existsSync(path) ? readdirSync(path) : []
}

/** A registry that spoils some requests; returns the image's name there. */
async function through(intercept: Intercept): Promise<string> {
  front = await startFront(inject('registry'), intercept)
  return `${front.host}/${image.name}`
}
const slowly = () => through(spoil(ofBlob(big()), throttle('down', 256 * 1024), 1))

const pathOf = (name: string) => `/images/create?fromImage=${encodeURIComponent(name)}`
/** A pull of which some of the large layer has come. */
async function begun(name: string) {
  const call = await openCall(service.socket, 'POST', pathOf(name))
  await untilMessage(call, ({ id, progressDetail }) => {
    return id === big().slice(7, 19) && progressDetail?.current > 100_000
  })
  return call
}

/** Nothing is named, nothing unpacked, and nothing lies about but what the next pull goes on with. */
async function expectNothing(): Promise<void> {
  await until(() => tracesIn(world.data).length === 0, 'nothing is left of it')
  expect(await listed()).toEqual([])
  expect(within('refs')).toEqual([])
  expect(within('downloads').length).toBeLessThanOrEqual(2)
  expect((await ask('GET', '/_ping')).text).toBe('OK')
}

/** The next pull takes what there is and leaves nothing but the image. */
async function expectNextWorks(): Promise<void> {
  await front?.stop()
  const name = await through((_request, _response, forward) => forward())
  const { text } = await ask('POST', pathOf(name))
  expect(messagesOf(text).at(-1).status).toMatch(/^Status: Downloaded newer image/)
  expect(within('downloads')).toEqual([])
  const { Id } = (await listed())[0]
  expect((await ask('GET', `/images/${Id}/json`)).json().RootFS.Layers).toHaveLength(2)
  const { stdout } = await world.lighter(['system', 'check', '--max', '0s'])
  expect(stdout).toMatch(/: 0 damaged\n$/)
}

const partOf = () => front?.seen.find(({ path, range }) => path.endsWith(big()) && range)

test('the client goes', async () => {
  const call = await begun(await slowly())
  call.vanish()
  await expectNothing()
  await expectNextWorks()
  expect(partOf()?.range).toMatch(/^bytes=\d+/)
})

test('the registry dies: the client is told, in a stream that is whole', async () => {
  const call = await begun(await slowly())
  await front?.stop()
  expect(await call.ended).toBe('whole')
  expect(call.status).toBe(200)
  expect(call.messages.at(-1)).toEqual({
    error: expect.stringMatching(/./),
    errorDetail: { message: call.messages.at(-1).error },
  })
  await expectNothing()
  await expectNextWorks()
  expect(partOf()?.range).toMatch(/^bytes=\d+/)
})

test('the registry cuts each answer: what has come is kept all the same', async () => {
  const name = await through(spoil(ofBlob(big()), cutAt(MIB), 99))
  const { text } = await ask('POST', pathOf(name))
  // Each try gets further.
  expect(messagesOf(text).at(-1).status).toMatch(/^Status: Downloaded newer image/)
  expect(within('downloads')).toEqual([])
})

test('both go at once', async () => {
  const call = await begun(await slowly())
  call.vanish()
  await front?.stop()
  await expectNothing()
  await expectNextWorks()
})

test('the client goes when the layers are there', async () => {
  const call = await openCall(
    service.socket,
    'POST',
    pathOf(await through((_request, _response, forward) => forward())),
  )
  await untilMessage(call, ({ status }) => status === 'Download complete')
  call.vanish()
  await until(() => tracesIn(world.data).length === 0, 'nothing is left of it')
  // It may have been faster; else it is as if nobody had pulled.
  for (const { Id } of await listed())
    expect((await ask('GET', `/images/${Id}/json`)).status).toBe(200)
  for (const { Id } of await listed()) await ask('DELETE', `/images/${Id}?force=1`)
  await expectNextWorks()
})

test('the service is killed: the next one goes on', async () => {
  const call = await begun(await slowly())
  service.child.kill('SIGKILL')
  expect(await call.ended).toBe('cut')
  await until(() => service.child.signalCode !== null)
  await restart()
  expect(await listed()).toEqual([])
  expect(within('refs')).toEqual([])
  await expectNextWorks()
  expect(tracesIn(world.data)).toEqual([])
})
