import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Front, isBlob, startFront } from '../helpers/front.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
let front: Front
let pull: ReturnType<World['start']>
const lighter = (...args: string[]) => world.lighter(args)

// A pull may take hours, or hang for good. Whatever was made or used since it began counted as wanted by "a container that
// is being made".
beforeAll(async () => {
  world = makeWorld('beside')
  await lighter('pull', '-q', image)
  let blobs = 0
  // The first one is the configuration.
  front = await startFront(inject('registry'), (request, _response, forward) => {
    if (!isBlob(request) || ++blobs === 1) forward()
  })
  pull = world.start(['pull', '-q', `${front.host}/debian:bookworm`])
  await until(() => blobs > 1, 'a layer is asked for')
  await until(() => readdirSync(join(world.data, 'tmp')).length > 0, 'the draft of the pull')
})

afterAll(async () => {
  expect(pull.exitCode).toBe(null)
  pull.kill('SIGKILL')
  await front.stop()
  // What it left is collected by the next one.
  await lighter('pull', '-q', image)
  await world.remove()
})

test('a volume that was used and is not any more can be removed', async () => {
  const run = ['run', '--rm', '--network', 'none', '-v', 'used:/x', image, 'true']
  expect(await lighter(...run)).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await lighter('volume', 'rm', 'used')).toEqual({
    exitCode: 0,
    stdout: 'used\n',
    stderr: '',
  })
})

test('so can one that was never used', async () => {
  await lighter('volume', 'create', 'unused')
  expect(await lighter('volume', 'rm', 'unused')).toMatchObject({ exitCode: 0, stderr: '' })
})

test('prune takes volumes', async () => {
  await lighter('volume', 'create', 'pruned')
  await lighter('volume', 'create')
  const { stdout } = await lighter('volume', 'prune', '-af')
  expect(stdout).toMatch(/^Deleted Volumes:\n(?:[0-9a-f]{64}\npruned|pruned\n[0-9a-f]{64})\n/)
})

test('images and networks can be removed and pruned', async () => {
  await lighter('tag', image, 'other:1')
  expect((await lighter('rmi', 'other:1')).stdout).toBe('Untagged: other:1\n')
  const run = ['run', '--rm', 'lighter/hello']
  expect(await lighter(...run)).toMatchObject({ exitCode: 0 })
  expect((await lighter('rmi', 'lighter/hello')).stdout).toMatch(/^Deleted: sha256:/m)
  await lighter('network', 'create', 'own')
  expect(await lighter('network', 'rm', 'own')).toMatchObject({ exitCode: 0, stdout: 'own\n' })
  await lighter('network', 'create', 'own')
  expect((await lighter('network', 'prune', '-f')).stdout).toMatch(/\bown\n/)
})
