import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { clientModules } from '../fixtures/client-modules.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'
import { buildServers, pullBusybox } from './images.ts'

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('node')
  await pullBusybox(world)
  service = await startService(world)
})
afterAll(async () => {
  await service?.stop()
  await world?.remove()
})

/** Runs a file of tests of its own as this world's user; all of them have to pass. */
async function runTests(name: string, env: Record<string, string> = {}): Promise<void> {
  const script = join(world.home, name)
  copyFileSync(new URL(name, import.meta.url), script)
  const modules = clientModules(inject('cache'))
  const { exitCode, stdout, stderr } = await world.run(
    process.execPath,
    ['--test', '--test-reporter=spec', script],
    {
      env: {
        DOCKER_HOST: service.host,
        REGISTRY: inject('registry'),
        CLIENT_MODULES: modules,
        ...env,
      },
      timeout: 300_000,
    },
  )
  console.log(stdout)
  expect({ exitCode, stderr, stdout: exitCode === 0 ? '' : stdout }).toMatchObject({ exitCode: 0 })
  expect(stdout).toMatch(/^ℹ fail 0$/m)
  expect(service.log()).toBe('')
}

test('dockerode', () => runTests('dockerode.mjs'))

describe('Testcontainers', () => {
  beforeAll(() => buildServers(world, ['postgres', 'redis', 'ryuk']))

  test('generic containers, PostgreSQL, Redis, networks, builds, and Ryuk', async () => {
    const context = join(world.home, 'context')
    mkdirSync(context)
    const text = 'FROM busybox\nARG WHO\nRUN echo "built for $WHO" > /who\nCMD cat /who\n'
    writeFileSync(join(context, 'Dockerfile'), text)
    await runTests('testcontainers.mjs', {
      CONTEXT: context,
      RYUK_CONTAINER_IMAGE: 'ryuk:latest',
      // On a machine that is a container itself it would look for ports at the bridge's address.
      TESTCONTAINERS_HOST_OVERRIDE: 'localhost',
      TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: '1s',
    })
    const names = async () => (await world.lighter(['ps', '-a', '--format', '{{.Names}}'])).stdout
    await until(async () => (await names()) === '', 'Ryuk has removed all, and itself')
  })
})
