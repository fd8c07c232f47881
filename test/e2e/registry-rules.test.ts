import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { startFront } from '../helpers/front.ts'
import {
  bcrypt,
  makeAuthority,
  type Server,
  startRegistryWith,
  writeAs,
} from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const registry = inject('registry')
/** Nobody answers there, and nothing leaves the machine to learn that. */
const nowhere = '127.0.0.1:1'

let world: World
let servers: Server[] = []
beforeEach(() => {
  world = makeWorld('rules')
})
afterEach(async () => {
  for (const server of servers) await server.stop()
  servers = []
  await world.remove()
})

function running<Kind extends Server>(server: Kind): Kind {
  servers.push(server)
  return server
}

const conf = (text: string) =>
  writeAs(world.ids, join(world.home, '.config/containers/registries.conf'), text)
const settings = (value: unknown) =>
  writeAs(world.ids, join(world.home, '.config/lighter/config.json'), JSON.stringify(value))
const pull = (name: string) => world.lighter(['pull', '-q', name])
const pulled = (name: string) => ({ exitCode: 0, stdout: `${name}\n`, stderr: '' })

describe('registries.conf', () => {
  test('a mirror is asked first, under its own path', async () => {
    const front = running(await startFront(registry, (_request, _response, forward) => forward()))
    conf(`[[registry]]
prefix = "${nowhere}/hub"
location = "${nowhere}"
[[registry.mirror]]
location = "${front.host}"
`)
    expect(await pull(`${nowhere}/hub/busybox:latest`)).toEqual(
      pulled(`${nowhere}/hub/busybox:latest`),
    )
    expect(front.seen.map(({ path }) => path)).toContain('/v2/busybox/manifests/latest')
  })

  test('a mirror without the image, and one that is not there, are passed over', async () => {
    const front = running(
      await startFront(registry, (request, response, forward) => {
        if (!request.url?.includes('/manifests/')) return forward()
        response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no"}]}')
      }),
    )
    conf(`[[registry]]
location = "${registry}"
mirror = [ { location = "${nowhere}" }, { location = "${front.host}" } ]
`)
    expect(await pull(`${registry}/busybox`)).toEqual(pulled(`${registry}/busybox:latest`))
    expect(front.seen.length).toBeGreaterThan(0)
  })

  test('where no place has the image the error is that of its own', async () => {
    conf(`[[registry]]\nlocation = "${registry}"\nmirror = [ { location = "${nowhere}" } ]\n`)
    const { exitCode, stderr } = await pull(`${registry}/nosuch`)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`manifest for ${registry}/nosuch:latest not found`)
  })

  test('what is blocked is not asked for', async () => {
    conf(`[[registry]]\nlocation = "${registry}/busybox"\nblocked = true\n`)
    const path = join(world.home, '.config/containers/registries.conf')
    expect(await pull(`${registry}/busybox:latest`)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `Error response from daemon: registry ${registry}/busybox is blocked in ${path}: ${registry}/busybox:latest\n`,
    })
  })

  test('a file with an error is named, with the line', async () => {
    conf('[[registry]]\nlocation = \n')
    const { exitCode, stderr } = await pull(`${registry}/busybox`)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(`${join(world.home, '.config/containers/registries.conf')}: `)
    expect(existsSync(join(world.data, 'refs'))).toBe(false)
  })
})

describe('settings of lighter', () => {
  test('an insecure registry may have a certificate that nobody knows', async () => {
    const authority = makeAuthority()
    const tls = `  tls: { certificate: ${authority.serverCertificate}, key: ${authority.serverKey} }\n`
    const { host } = running(await startRegistryWith('', tls))
    const strict = await pull(`${host}/busybox`)
    expect(strict.exitCode).toBe(1)
    expect(strict.stderr).toContain('x509: certificate signed by unknown authority')
    settings({ 'insecure-registries': [host] })
    expect((await pull(`${host}/busybox`)).stderr).toBe('')
  })

  test.each([
    [{ 'insecure-registries': 'x' }, '"insecure-registries" must be a list of texts'],
    [{ 'registry-mirrors': ['mirror'] }, '"registry-mirrors" must be addresses of http or https'],
  ])('%j is refused', async (value, words) => {
    settings(value)
    const { exitCode, stderr } = await pull(`${registry}/busybox`)
    expect(exitCode).toBe(1)
    expect(stderr).toContain(words)
  })
})

test('a login goes to the mirror with its own credentials', async () => {
  const file = join(world.home, 'htpasswd')
  writeAs(world.ids, file, `tester:${bcrypt('secret')}\n`)
  const locked = running(
    await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`),
  )
  conf(`[[registry]]\nlocation = "${nowhere}"\nmirror = [ { location = "${locked.host}" } ]\n`)
  expect((await pull(`${nowhere}/busybox`)).exitCode).toBe(1)
  const input = 'secret'
  await world.lighter(['login', '-u', 'tester', '--password-stdin', locked.host], { input })
  expect(await pull(`${nowhere}/busybox:latest`)).toEqual(pulled(`${nowhere}/busybox:latest`))
})
