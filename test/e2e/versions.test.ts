import { execFileSync } from 'node:child_process'
import { chownSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { processesOf } from '../helpers/leftovers.ts'
import { freePort } from '../helpers/registry.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, testUser, type World } from '../helpers/world.ts'

/** As long as the real one, so that the program takes the other native part for its own. */
const OLDER = '0.0.9'
const image = `${inject('registry')}/busybox:latest`
const kind = process.env.LIGHTER_TEST_SANITIZE ? 'sanitize' : 'all'

let world: World
/** What was built for it. */
let built: string
let older: string
let port: number

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

/** The native program of another version: what says its number is compiled anew. */
function buildOlder(): string {
  const out = mkdtempSync(join(tmpdir(), 'lighter-older-'))
  const root = new URL('../..', import.meta.url).pathname
  execFileSync('cp', ['-a', `${join(root, 'build/native')}/.`, out])
  for (const name of ['helper', 'main', 'memfd'])
    for (const directory of [out, join(out, 'sanitize')])
      rmSync(join(directory, `${name}.o`), { force: true })
  for (const name of ['lighter-native', 'sanitize/lighter-native'])
    rmSync(join(out, name), { force: true })
  execFileSync('make', ['-s', '-C', join(root, 'native'), `OUT=${out}`, `VERSION=${OLDER}`, kind])
  return out
}

/** The program that the next commands start. */
function use(native: string): void {
  const libexec = join(world.data, 'libexec')
  const [hash = ''] = readdirSync(libexec)
  const path = join(libexec, hash, 'lighter-native')
  rmSync(path) // it may run
  copyFileSync(native, path)
  chownSync(path, world.ids.uid, world.ids.gid)
}

const pidsOf = (helper: 'names' | 'ports'): number[] =>
  processesOf(testUser())
    .filter((line) => line.endsWith(` lighter-native ${helper}`))
    .map((line) => Number.parseInt(line, 10))

const fetched = (container: string, host: string) =>
  said('exec', container, 'wget', '-qO-', `http://${host}/`)

/** A connection to a container that gives back what it gets. */
class Echo {
  readonly #socket: Socket
  #heard = ''

  constructor(number: number) {
    this.#socket = connect(number, '127.0.0.1')
    this.#socket.setEncoding('utf8').on('data', (text: string) => {
      this.#heard += text
    })
    this.#socket.on('error', () => {})
  }

  async answers(text: string): Promise<void> {
    this.#socket.write(`${text}\n`)
    await until(async () => this.#heard.includes(text), `the answer ${text}`)
  }

  close(): void {
    this.#socket.destroy()
  }
}

beforeAll(async () => {
  world = makeWorld('versions')
  port = await freePort()
  built = buildOlder()
  older = join(built, kind === 'all' ? '.' : 'sanitize', 'lighter-native')
  const { stdout } = await world.run(inject('nativeProgram'), ['--version'])
  expect(stdout.split('\n')[0]?.length).toBe(`lighter-native version ${OLDER}`.length)
  await said('pull', '-q', image)
  await said('network', 'create', 'site')
})
afterAll(async () => {
  rmSync(built, { recursive: true, force: true })
  await world?.remove()
})

test('containers of an older version and of this one find each other, and the old servers go', async () => {
  const serve = 'mkdir /w; echo hello > /w/index.html; httpd -p 80 -h /w; exec nc -ll -p 7 -e cat'
  use(older)
  const echoPort = await freePort()
  await said(
    ...['run', '-d', '--name', 'web', '--network', 'site', '-p', `${port}:80`],
    ...['-p', `${echoPort}:7`, image, 'sh', '-c', serve],
  )
  await said('run', '-d', '--name', 'box', '--network', 'site', image, 'sleep', '1000')
  const [names] = pidsOf('names')
  const [ports] = pidsOf('ports')
  expect([names, ports]).not.toContain(undefined)
  // Not by toEqual: showing how two such files differ takes hours, and gigabytes.
  expect(readFileSync(`/proc/${names}/exe`).equals(readFileSync(older))).toBe(true)
  const echo = new Echo(echoPort)
  await echo.answers('before')

  use(inject('nativeProgram'))
  const otherPort = await freePort()
  await said(
    ...['run', '-d', '--name', 'new', '--network', 'site', '-p', `${otherPort}:80`],
    ...[image, 'sh', '-c', serve],
  )
  await until(async () => pidsOf('names').length === 1, 'one name server')
  expect(pidsOf('names')).not.toContain(names)
  await until(async () => (await fetched('box', 'new')) === 'hello')
  expect(await fetched('new', 'web')).toBe('hello')

  for (const number of [port, otherPort])
    expect(await (await fetch(`http://127.0.0.1:${number}/`)).text()).toBe('hello\n')
  // A connection that was there goes on, and with it the forwarder that has it.
  await echo.answers('after')
  expect(pidsOf('ports')).toContain(ports)
  echo.close()
  await until(async () => !pidsOf('ports').includes(ports ?? 0), 'the old forwarder ends')
  expect(pidsOf('ports')).toHaveLength(1)
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello\n')
})

test('an older version uses the servers of this one', async () => {
  const before = [...pidsOf('names'), ...pidsOf('ports')]
  use(older)
  const number = await freePort()
  const run = ['run', '--rm', '--network', 'site', '-p', `${number}:80`, image]
  expect(await said(...run, 'wget', '-qO-', 'http://new/')).toBe('hello')
  expect([...pidsOf('names'), ...pidsOf('ports')]).toEqual(before)
  await said('rm', '-f', 'web', 'box', 'new')
  await until(async () => processesOf(testUser()).length === 0, 'the last process ends')
})
