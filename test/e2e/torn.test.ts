import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeWorld, statusOf, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`
const works = { exitCode: 0, stderr: '' }

/** After a power cut a file system may have the name of a file, and none of its bytes. */
describe('files that lost their content', () => {
  let world: World
  let id: string
  const lighter = (...args: string[]) => world.lighter(args)
  const inData = (...path: string[]) => join(world.data, ...path)

  beforeEach(async () => {
    world = makeWorld('torn')
    await lighter('pull', '-q', image)
    id = (await lighter('create', '--name', 'torn', image, 'echo', 'whole')).stdout.trim()
    expect((await lighter('start', '-a', 'torn')).stdout).toBe('whole\n')
    expect(await lighter('run', '-d', '--name', 'other', image, 'sleep', '1000')).toMatchObject(
      works,
    )
  })
  afterEach(() => world.remove())

  /** Whatever is damaged: other containers and new ones are not touched by it. */
  const expectOthersWork = async () => {
    expect(await statusOf(world, 'other')).toBe('running 0')
    expect((await lighter('ps')).stdout).toMatch(/\bother\n/)
    expect((await lighter('exec', 'other', 'echo', 'in')).stdout).toBe('in\n')
    expect((await lighter('run', '--rm', image, 'echo', 'new')).stdout).toBe('new\n')
    const list = await lighter('ps', '-a')
    expect(list.exitCode).toBe(0)
    expect(list.stderr).not.toMatch(/internal error|^\s+at /m)
  }

  test('state.json: it can be removed, and the rest works', async () => {
    truncateSync(inData('containers', id, 'state.json'))
    await expectOthersWork()
    expect(await lighter('rm', '-f', 'torn')).toMatchObject({ exitCode: 0, stdout: 'torn\n' })
    expect(await lighter('run', '--name', 'torn', image, 'true')).toMatchObject(works)
  })

  test('container.json: what is damaged is named, rm -f mends it', async () => {
    truncateSync(inData('containers', id, 'container.json'))
    await expectOthersWork()
    const start = await lighter('start', 'torn')
    expect(start.exitCode).toBe(1)
    expect(start.stderr).toMatch(/^[^\n]*(torn|container\.json)[^\n]*\n/)
    expect(start.stderr).not.toMatch(/internal error|^\s+at /m)
    expect((await lighter('ps', '-a')).stderr).toContain(`container ${id} is damaged`)
    expect((await lighter('rm', '-f', 'torn')).exitCode).toBe(0)
    expect(await lighter('run', '--name', 'torn', image, 'true')).toMatchObject(works)
    expect(readdirSync(inData('containers'))).not.toContain(id)
  })

  test('the claim of a name', async () => {
    truncateSync(inData('names', 'torn'))
    await expectOthersWork()
    expect((await lighter('rm', '-f', id)).exitCode).toBe(0)
    expect(await lighter('run', '--name', 'torn', image, 'true')).toMatchObject(works)
  })

  test('a reference: pulling mends it', async () => {
    const file = inData('refs', readdirSync(inData('refs'))[0] ?? '')
    const whole = readFileSync(file)
    truncateSync(file)
    expect((await lighter('images')).exitCode).toBe(0)
    expect((await lighter('ps')).stdout).toMatch(/\bother\n/)
    expect(await lighter('pull', '-q', image)).toMatchObject(works)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      descriptor: JSON.parse(whole.toString('utf8')).descriptor,
    })
    await expectOthersWork()
  })

  // An image that was made here has no other way back.
  test('a reference: what it stands for is not swept, as long as anybody may know it', async () => {
    await lighter('commit', 'torn', 'made:1')
    await lighter('image', 'prune', '-f')
    const all = readdirSync(inData('blobs/sha256')).sort()
    const tear = () =>
      truncateSync(inData('refs', `${encodeURIComponent('docker.io/library/made:1')}.json`))
    tear()
    // A name that comes and goes: index.json is written anew, and what nothing refers to is swept.
    for (const args of [
      ['tag', image, 'x:1'],
      ['rmi', 'x:1'],
      ['image', 'prune', '-f'],
    ])
      expect(await lighter(...args)).toMatchObject(works)
    expect(readdirSync(inData('blobs/sha256')).sort()).toEqual(all)
    expect(await lighter('system', 'check', '--repair')).toMatchObject(works)
    expect((await lighter('run', '--rm', 'made:1', 'echo', 'made')).stdout).toBe('made\n')
    tear()
    writeFileSync(inData('index.json'), '')
    expect(await lighter('image', 'prune', '-f')).toMatchObject(works)
    expect(readdirSync(inData('blobs/sha256')).sort()).toEqual(all)
  })

  test('layer.json of every layer: the next run mends them', async () => {
    await lighter('rm', '-f', 'other', 'torn')
    for (const layer of readdirSync(inData('layers')))
      truncateSync(inData('layers', layer, 'layer.json'))
    expect((await lighter('info')).exitCode).toBe(0)
    const outcome = await lighter('run', '--rm', image, 'cat', '/etc/from-second-layer')
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'second\n' })
  })

  test('layers that are not there: the next run mends them', async () => {
    await lighter('rm', '-f', 'other', 'torn')
    // The process that syncs in the background may put its mark into a directory that is being emptied.
    for (const layer of readdirSync(inData('layers')))
      rmSync(inData('layers', layer), { recursive: true, maxRetries: 5 })
    const outcome = await lighter('run', '--rm', image, 'cat', '/etc/from-second-layer')
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'second\n' })
  })

  test('index.json, probes.json and the unpacked program are made anew', async () => {
    truncateSync(inData('index.json'))
    truncateSync(inData('probes.json'))
    for (const folder of readdirSync(inData('libexec'))) {
      for (const file of readdirSync(inData('libexec', folder)))
        truncateSync(inData('libexec', folder, file))
    }
    await expectOthersWork()
    await lighter('tag', image, 'again')
    expect(JSON.parse(readFileSync(inData('index.json'), 'utf8')).manifests.length).toBeGreaterThan(
      0,
    )
  })

  test('the format of the data directory: said, nothing is touched', async () => {
    writeFileSync(inData('version'), '')
    const outcome = await lighter('ps')
    expect(outcome.stderr).not.toMatch(/internal error|^\s+at /m)
    writeFileSync(inData('version'), '1\n')
    await expectOthersWork()
  })
})
