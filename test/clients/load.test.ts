import { readdirSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'
import { pullBusybox } from './images.ts'

const CLIENTS = 50
const REQUESTS = 1000
/** Bytes that the service may have in memory, 150 MB. */
const MAX_MEMORY = 150e6
/** What it may have gained in two rounds of the same requests. */
const FLAT = 12e6

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('load')
  await pullBusybox(world)
  service = await startService(world)
})
afterAll(async () => {
  expect(service?.log()).toBe('')
  await service?.stop()
  await world?.remove()
})

const pid = () => service.child.pid ?? 0
const descriptors = () => readdirSync(`/proc/${pid()}/fd`).length
const children = () => readFileSync(`/proc/${pid()}/task/${pid()}/children`, 'utf8').trim()
const memory = () => {
  const status = readFileSync(`/proc/${pid()}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

/** One request on a connection that is kept; returns the status. */
const send = (agent: Agent, method: string, path: string, body?: object): Promise<number> =>
  new Promise((resolve, reject) => {
    const text = body && JSON.stringify(body)
    const headers = text
      ? { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }
      : {}
    const sent = request(
      { socketPath: service.socket, agent, method, path, headers },
      (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? 0))
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(text)
  })

const READS = [
  '/containers/json?all=1',
  '/images/json',
  '/version',
  '/networks',
  '/volumes',
  '/info',
]

/** All requests, by so many clients at once, each with a connection of its own. Returns how often each status was answered. */
async function round(): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  const one = async (client: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const note = async (answer: Promise<number>) => {
      const status = await answer
      counts[status] = (counts[status] ?? 0) + 1
    }
    const name = `box-${client}`
    const body = { Image: 'busybox', Cmd: ['true'] }
    await note(send(agent, 'POST', `/containers/create?name=${name}`, body))
    for (let index = 0; index < REQUESTS / CLIENTS - 5; index++) {
      await note(send(agent, 'GET', READS[index % READS.length] ?? ''))
    }
    await note(send(agent, 'POST', `/containers/${name}/start`))
    await note(send(agent, 'POST', `/containers/${name}/wait`))
    await note(send(agent, 'GET', `/containers/${name}/logs?stdout=1`))
    await note(send(agent, 'DELETE', `/containers/${name}`))
    agent.destroy()
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, client) => one(client)))
  return counts
}

test('50 clients with 1,000 requests, again and again', { timeout: 300_000 }, async () => {
  const expected = { 200: REQUESTS - 3 * CLIENTS, 201: CLIENTS, 204: 2 * CLIENTS }
  expect(await round()).toEqual(expected)
  const quiet = descriptors()
  let grown = Number.POSITIVE_INFINITY
  // Memory is given back now and then: what leaks grows each time.
  for (let tries = 0; tries < 3 && grown >= FLAT; tries++) {
    const before = memory()
    for (let again = 0; again < 2; again++) expect(await round()).toEqual(expected)
    grown = memory() - before
  }
  await until(() => descriptors() <= quiet, 'no descriptor stays')
  await until(() => children() === '', 'no process stays')
  expect(memory()).toBeLessThan(MAX_MEMORY)
  expect(grown).toBeLessThan(FLAT)
})
