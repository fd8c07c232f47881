import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startVolumePlugin } from '../helpers/volume-plugin.ts'
import { makeWorld } from '../helpers/world.ts'

test('specification files lead to plugins, sockets first', async () => {
  const world = makeWorld('plugin-spec')
  const plugin = await startVolumePlugin(world, { env: { SCOPE: 'global' } })
  const folder = join(world.home, '.config/docker/plugins')
  await world.run('mkdir', ['-p', folder])
  writeFileSync(join(folder, 'spec.spec'), `unix://${plugin.socket}\n`)
  writeFileSync(
    join(folder, 'json.json'),
    JSON.stringify({ Name: 'json', Addr: `unix://${plugin.socket}` }),
  )
  writeFileSync(join(folder, 'broken.json'), 'no JSON')
  writeFileSync(join(folder, 'odd.spec'), 'gopher://x')
  const create = (driver: string, name: string) =>
    world.lighter(['volume', 'create', '-d', driver, name])
  expect((await create('spec', 'by-spec')).exitCode).toBe(0)
  expect((await create('json', 'by-json')).exitCode).toBe(0)
  const scope = await world.lighter(['volume', 'inspect', '-f', '{{.Scope}}', 'by-spec'])
  expect(scope.stdout).toBe('global\n')
  expect((await create('broken', 'x1')).stderr).toContain('broken.json is no JSON')
  expect((await create('odd', 'x1')).stderr).toContain('no address of a plugin: "gopher://x"')
  for (const name of ['by-spec', 'by-json']) await world.lighter(['volume', 'rm', name])
  await plugin.stop()
  await world.remove()
})
