import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { fileHeader } from '../fixtures/archive.ts'
import { type FaultImage, noise, pushFaultImage } from '../fixtures/fault-image.ts'
import { isManifest, ofBlob, ofUpload, spoil, throttle } from '../helpers/faults.ts'
import { type Front, type Intercept, startFront } from '../helpers/front.ts'
import { tracesIn } from '../helpers/leftovers.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { messagesOf, openCall, untilMessage } from '../helpers/service-stream.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const MIB = 1024 * 1024

let world: World
let service: TestService
let image: FaultImage
let front: Front | undefined

beforeAll(async () => {
  image = pushFaultImage('api-vanish', [3 * MIB, MIB])
  world = makeWorld('api-vanish')
  service = await startService(world)
})
afterEach(async () => {
  await front?.stop()
  front = undefined
})
afterAll(async () => {
  await service?.stop()
  await world?.remove()
})

const big = () => image.layers[0]?.digest ?? ''

/** A registry that spoils some requests; returns the image's name there. */
async function through(intercept: Intercept): Promise<string> {
  front = await startFront(inject('registry'), intercept)
  return `${front.host}/${image.name}`
}

const pulling = (name: string, signal?: AbortSignal) =>
  openCall(service.socket, 'POST', `/images/create?fromImage=${encodeURIComponent(name)}`, {
    ...(signal ? { signal } : {}),
  })
const listed = async () => (await service.ask('GET', '/images/json')).json()
const clean = () => until(() => tracesIn(world.data).length === 0, 'nothing is left of it')
const removeAll = async () => {
  for (const { Id } of await listed()) await service.ask('DELETE', `/images/${Id}?force=1`)
}

describe('a client that vanishes', () => {
  test('while layers come: nothing is named, and the next pull goes on from there', async () => {
    const name = await through(spoil(ofBlob(big()), throttle('down', 256 * 1024), 1))
    const call = await pulling(name)
    await untilMessage(call, ({ id, progressDetail }) => {
      return id === big().slice(7, 19) && progressDetail.current > 100_000
    })
    call.vanish()
    await clean()
    expect(await listed()).toEqual([])
    const again = await service.ask('POST', `/images/create?fromImage=${encodeURIComponent(name)}`)
    expect(messagesOf(again.text).at(-1).status).toMatch(/^Status: Downloaded newer image/)
    const asked = front?.seen.filter(({ path }) => path.endsWith(big()))
    expect(asked?.map(({ range }) => range)).toEqual([undefined, expect.stringMatching(/^bytes=/)])
    expect(readdirSync(join(world.data, 'downloads'))).toEqual([])
    await removeAll()
  })

  test('before the registry has answered: no request is waited for', async () => {
    let isGone = false
    const silent: Intercept = ({ socket }) => void socket.once('close', () => (isGone = true))
    const name = await through(spoil(isManifest, silent, 9))
    const client = new AbortController()
    const call = pulling(name, client.signal)
    const failed = expect(call).rejects.toThrow()
    await until(() => (front?.seen.length ?? 0) > 0, 'the registry is asked')
    client.abort()
    await failed
    await until(() => isGone, 'the connection to the registry is closed')
    await clean()
  })

  test('does not disturb the others', async () => {
    const name = await through(spoil(ofBlob(big()), throttle('down', MIB), 9))
    const [one, two] = await Promise.all([pulling(name), pulling(name)])
    await untilMessage(one, ({ id, progressDetail }) => {
      return id === big().slice(7, 19) && progressDetail.current > 0
    })
    // Something else comes and goes meanwhile, and closes its own connections only.
    const other = await service.ask(
      'POST',
      `/images/create?fromImage=${front?.host}/busybox:latest`,
    )
    expect(messagesOf(other.text).at(-1).status).toMatch(/^Status: Downloaded newer image/)
    one.vanish()
    expect(await two.ended).toBe('whole')
    expect(two.messages.at(-1).status).toMatch(/^Status: Downloaded newer image/)
    await clean()
    const [found] = await listed()
    expect((await service.ask('GET', `/images/${found.Id}/json`)).status).toBe(200)
  })

  test('while a layer goes up: the image is not there, and the next push works', async () => {
    const name = await through(spoil(ofUpload('PATCH'), throttle('up', 256 * 1024), 2))
    await service.ask('POST', `/images/create?fromImage=${encodeURIComponent(name)}`)
    const own = `${front?.host}/api-vanish-pushed-${process.pid}`
    await service.ask('POST', `/images/${encodeURIComponent(name)}/tag?repo=${own}&tag=x`)
    // Elsewhere it cannot be taken over from there.
    for (const { RepoDigests } of await listed())
      for (const digest of RepoDigests) await service.ask('DELETE', `/images/${digest}?force=1`)
    const call = await openCall(service.socket, 'POST', `/images/${own}/push?tag=x`)
    await untilMessage(call, ({ status }) => status === 'Pushing')
    call.vanish()
    const requests = () => front?.seen.length
    await clean()
    const seen = requests()
    const there = await fetch(`http://${front?.host}/v2/${own.split('/')[1]}/manifests/x`)
    expect(there.status).toBe(404)
    expect(requests()).toBe((seen ?? 0) + 1)
    const again = await service.ask('POST', `/images/${own}/push?tag=x`)
    expect(messagesOf(again.text).at(-1).aux).toMatchObject({ Tag: 'x' })
  })

  test('while an archive goes: nothing is held any more', async () => {
    const [{ Id }] = await listed()
    const path = `/images/${Id}/get`
    await new Promise<void>((resolve, reject) => {
      const sent = request({ socketPath: service.socket, path, agent: false }, (response) => {
        // Read as far as the first piece, and no further.
        response.once('data', () => {
          response.pause()
          sent.destroy()
          resolve()
        })
        response.on('error', () => undefined)
      })
      sent.on('error', reject)
      sent.end()
    })
    await clean()
    const whole = await service.ask('GET', path)
    expect(whole.body.length).toBeGreaterThan(4 * MIB)
    expect(service.log()).toBe('')
  })

  test('while an archive comes: nothing of it stays', async () => {
    await removeAll()
    const client = new AbortController()
    const body = new PassThrough()
    const call = openCall(service.socket, 'POST', '/images/load', { body, signal: client.signal })
    const failed = expect(call).rejects.toThrow()
    body.write(fileHeader('big', 8 * MIB))
    body.write(noise(MIB, 'load'))
    await until(() => tracesIn(world.data).length > 0, 'it is being read')
    client.abort()
    await failed
    await clean()
    expect(await listed()).toEqual([])
  })
})
