import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeStackLayout } from '../fixtures/stack.ts'
import { makeOtherHost, type OtherHost } from '../helpers/other-host.ts'
import { freePort, pushLayout } from '../helpers/registry.ts'
import { requests } from '../helpers/requests.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** In the repository that has the layers of debootstrap already. */
const image = `${inject('registry')}/debian:stack`
const COUNT = 10_000

let world: World
let other: OtherHost
let port: number
let databasePort: number
let cachePort: number

const lighter = (...args: string[]) => world.lighter(args)

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await lighter(...args)
  expect({ args, exitCode, stderr: exitCode ? stderr : '' }).toEqual({
    args,
    exitCode: 0,
    stderr: '',
  })
  return stdout.trim()
}

const addressOf = (name: string) =>
  said('inspect', '-f', '{{.NetworkSettings.Networks.site.IPAddress}}', name)

/** A tool of the host. */
async function tool(program: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.run(program, args, {
    env: { PGPASSWORD: 'secret', PGCONNECT_TIMEOUT: '10' },
  })
  expect({ program, args, exitCode, stderr }).toEqual({ program, args, exitCode: 0, stderr: '' })
  return stdout.trim()
}
const query = (sql: string) =>
  tool('psql', '-h', '127.0.0.1', '-p', `${databasePort}`, '-U', 'postgres', '-Atc', sql)
const redis = (...words: string[]) =>
  tool('redis-cli', '-h', '127.0.0.1', '-p', `${cachePort}`, ...words)

const visits = async () => Number(await query('SELECT count(*) FROM visits'))
const hits = async () => Number(await redis('GET', 'hits'))

/** One visit over the published port: its number, or `undefined` while something is on its way. */
async function visit(): Promise<number | undefined> {
  const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)
  const text = answer?.ok ? await answer.text() : ''
  return /^visit \d+, hit \d+\n$/.test(text) ? Number.parseInt(text.slice(6), 10) : undefined
}
const untilServed = () => until(async () => (await visit()) !== undefined, 'an answer of the site')

beforeAll(async () => {
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test')
  mkdirSync(cache, { recursive: true })
  pushLayout(makeStackLayout(cache), inject('registry'), 'debian:stack')
  other = makeOtherHost()
  world = makeWorld('stack')
  port = await freePort()
  databasePort = await freePort()
  cachePort = await freePort()
})
afterAll(async () => {
  other?.remove()
  await world?.remove()
})

describe('a script written for Docker', () => {
  test('brings up nginx, an application, PostgreSQL and Redis', async () => {
    const programs = join(world.home, 'bin')
    mkdirSync(programs, { mode: 0o755 })
    symlinkSync(inject('program'), join(programs, 'docker'))
    for (const name of ['stack.sh', 'nginx.conf'])
      copyFileSync(new URL(`../fixtures/stack/${name}`, import.meta.url), join(world.home, name))
    const ports = [port, databasePort, cachePort].map(String)
    const script = await world.run('sh', ['stack.sh', image, ...ports], {
      env: { PATH: `${programs}:${world.env.PATH}` },
    })
    expect({ exitCode: script.exitCode, stderr: script.exitCode ? script.stderr : '' }).toEqual({
      exitCode: 0,
      stderr: '',
    })
    await untilServed()
    await until(
      async () => (await said('inspect', '-f', '{{.State.Health.Status}}', 'db')) === 'healthy',
    )
  })

  test('answers the tools of the host over its published ports', async () => {
    expect(await tool('curl', '-fsS', `http://127.0.0.1:${port}/`)).toMatch(/^visit \d+, hit \d+$/)
    expect(await query('SELECT 6 * 7')).toBe('42')
    expect(await redis('PING')).toBe('PONG')
    expect(await hits()).toBeGreaterThan(0)
    // Inside, by name.
    expect(await said('exec', 'app', 'redis-cli', '-h', 'cache', 'PING')).toBe('PONG')
    expect(await said('exec', 'cache', 'pg_isready', '-h', 'db')).toContain('accepting connections')
  })

  test('serves every request of another host, and its log shows that host', async () => {
    const before = await visits()
    const hitsBefore = await hits()
    const answers = await requests(`http://${other.here}:${port}/there`, COUNT, 16, other.enter)
    expect(answers).toMatchObject({ ok: COUNT, errors: {} })
    expect(await visits()).toBe(before + COUNT)
    expect(await hits()).toBe(hitsBefore + COUNT)
    const log = await said('logs', 'web')
    const lines = log.split('\n').filter((line) => line.includes('GET /there'))
    expect(lines).toHaveLength(COUNT)
    expect(lines.filter((line) => !line.startsWith(`${other.address} - `))).toEqual([])
  }, 300_000)

  test.each(['db', 'cache', 'app', 'web'])('survives a restart of %s', async (name) => {
    const before = await visits()
    const hitsBefore = await hits()
    const address = await addressOf(name)
    await said('restart', name)
    // As with Docker: many programs ask for a name once.
    expect(await addressOf(name)).toBe(address)
    await untilServed()
    expect(await visits()).toBeGreaterThan(before)
    expect(await hits()).toBeGreaterThan(hitsBefore)
    expect(await requests(`http://127.0.0.1:${port}/`, 50, 8)).toMatchObject({ ok: 50, errors: {} })
  })

  test.each(['db', 'cache', 'app'])('finds %s at a new address', async (name) => {
    const address = await addressOf(name)
    await said('stop', name)
    // It takes the lowest free address, which is this one.
    await said('run', '-d', '--network', 'site', '--name', `old-${name}`, image, 'sleep', '1000')
    await said('start', name)
    expect(await addressOf(name)).not.toBe(address)
    await untilServed()
    expect(await requests(`http://127.0.0.1:${port}/`, 50, 8)).toMatchObject({ ok: 50, errors: {} })
  })

  test('keeps the data when the database is made anew', async () => {
    const before = await visits()
    await said('rm', '-f', 'db')
    await said(
      ...['run', '-d', '--name', 'db', '--network', 'site', '-p', `127.0.0.1:${databasePort}:5432`],
      ...['--stop-signal', 'SIGINT', '-e', 'POSTGRES_PASSWORD=secret'],
      ...['-v', 'data:/var/lib/postgresql', image, 'database'],
    )
    await untilServed()
    expect(await visits()).toBeGreaterThan(before)
  })
})
