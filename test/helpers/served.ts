import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { later } from './later.ts'
import { type Answer, startService, type TestService } from './service.ts'
import { until } from './until.ts'
import { makeWorld, type World } from './world.ts'

/** The image that the program carries. */
export const HELLO = 'lighter/hello'

/** A world and a service that stand from the first test of a file to its last. */
export interface Served {
  world: World
  service: TestService
  ask: TestService['ask']
  /** Starts another service, in the place of one that has ended. */
  restart: () => Promise<void>
  /** Status and body; `''` where there is none. */
  answer: (method: string, path: string, body?: unknown) => Promise<[number, unknown]>
}

export interface ServedOptions {
  /** After each test the service has said nothing on standard error. */
  quiet?: boolean
  /** Containers that are removed after each test, with their volumes. */
  removed?: string[] | 'all'
}

/**
 * Starts a service for the tests of a file. What is returned can be used in tests and in hooks that come behind this call;
 * those at the end run before the service is stopped.
 */
export function serve(name: string, { quiet = false, removed = [] }: ServedOptions = {}): Served {
  let world: World | undefined
  let service: TestService | undefined
  beforeAll(async () => {
    world = makeWorld(name)
    service = await startService(world)
  })
  afterEach(async () => {
    if (quiet) expect(service?.log()).toBe('')
    const names = removed === 'all' ? await allOf(world) : removed
    if (names.length > 0) await world?.lighter(['rm', '-fv', ...names])
  })
  afterAll(async () => {
    await service?.stop()
    await world?.remove()
  })
  const served = { world: later(() => world), service: later(() => service) }
  const ask: Served['ask'] = (...words) => served.service.ask(...words)
  return {
    ...served,
    ask,
    restart: async () => {
      service = await startService(served.world)
    },
    answer: async (method, path, body) => {
      const { status, text } = await ask(method, path, body)
      return [status, text === '' ? '' : JSON.parse(text)]
    },
  }
}

const allOf = async (world?: World): Promise<string[]> =>
  (await world?.lighter(['ps', '-aq']))?.stdout.split('\n').filter(Boolean) ?? []

/** What a refusal says: status and message. */
export const refusal = ({ status, json }: Answer): [number, string] => [status, json().message]

/** Containers of a service, made over its own interface. */
export interface Containers {
  /** Makes one without a network, which starts sooner; its id. */
  create: (name: string, more?: object) => Promise<string>
  start: (name: string) => Promise<void>
  untilEnded: (name: string) => Promise<void>
  /** Starts one named `made` that runs a script, and ends where that does. */
  run: (script: string, more?: object) => Promise<void>
}

export function containersOf({ ask }: Pick<Served, 'ask'>): Containers {
  const create = async (name: string, more: object = {}): Promise<string> => {
    const document = { Image: HELLO, HostConfig: { NetworkMode: 'none' }, ...more }
    const made = await ask('POST', `/containers/create?name=${name}`, document)
    expect([made.status, made.json()]).toEqual([
      201,
      { Id: expect.stringMatching(/^[0-9a-f]{64}$/), Warnings: [] },
    ])
    return made.json().Id
  }
  const start = async (name: string): Promise<void> => {
    expect((await ask('POST', `/containers/${name}/start`)).status).toBe(204)
  }
  return {
    create,
    start,
    untilEnded: (name) =>
      until(
        async () => (await ask('GET', `/containers/${name}/json`)).json().State.Status === 'exited',
        `${name} has ended`,
      ),
    run: async (script, more = {}) => {
      await create('made', { Cmd: ['sh', '-c', script], ...more })
      await start('made')
    },
  }
}
