import { chownSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
const world: World = makeWorld('system')
const lighter = (...args: string[]) => world.lighter(args)
const volumes = async (): Promise<string[]> => {
  const { stdout } = await lighter('system', 'df', '-v')
  const part = stdout.slice(stdout.indexOf('VOLUME NAME'), stdout.indexOf('\n\nBuild cache'))
  return part
    .split('\n')
    .slice(1)
    .flatMap((line) => line.split(' ')[0] || [])
}

let anonymous: string
beforeEach(async () => {
  const ids = (await lighter('ps', '-aq')).stdout.split('\n').filter(Boolean)
  if (ids.length > 0) await lighter('rm', '-f', ...ids)
  await lighter('system', 'prune', '-af', '--volumes')
  await lighter('run', '-d', '--name', 'up', '-v', '/data', image, 'sleep', '1000')
  await lighter('tag', image, 'unused:1')
  const writer = ['sh', '-c', 'echo 12345678 >/x/file; echo 123456 >/y/file; echo 1234 >/file']
  await lighter('run', '--name', 'down', '-v', '/x', '-v', 'named:/y', image, ...writer)
  const mounts = JSON.parse((await lighter('inspect', 'down')).stdout)[0].Mounts
  anonymous = mounts.find(({ Destination }: { Destination: string }) => Destination === '/x').Name
})
afterAll(() => world.remove())

describe('df', () => {
  test('the four rows', async () => {
    const { stdout } = await lighter('system', 'df')
    expect(stdout).toMatch(
      /^TYPE {12}TOTAL {5}ACTIVE {4}SIZE {6}RECLAIMABLE\nImages {10}1 {9}1 {9}\S+MB +0B \(0%\)\nContainers {6}2 {9}1 {9}5B {8}5B \(100%\)\nLocal Volumes {3}3 {9}3 {9}16B {7}0B \(0%\)\nBuild Cache {5}0 {9}0 {9}0B {8}0B\n$/,
    )
  })

  test('what nobody uses can be had back', async () => {
    await lighter('rm', 'down')
    const rows = (await lighter('system', 'df', '--format', 'json')).stdout.trim().split('\n')
    expect(rows.map((line) => JSON.parse(line))).toMatchObject([
      { Type: 'Images', TotalCount: '1', Active: '1' },
      { Type: 'Containers', TotalCount: '1', Active: '1', Size: '0B', Reclaimable: '0B' },
      {
        Type: 'Local Volumes',
        TotalCount: '3',
        Active: '1',
        Size: '16B',
        Reclaimable: '16B (100%)',
      },
      { Type: 'Build Cache', TotalCount: '0', Active: '0', Size: '0B', Reclaimable: '0B' },
    ])
  })

  test('-v: each object', async () => {
    const { stdout } = await lighter('system', 'df', '-v')
    expect(stdout).toMatch(
      /^Images space usage:\n\nREPOSITORY .* SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/,
    )
    expect(stdout).toMatch(/\n\S+ +\S+ +[0-9a-f]{12} +N\/A +\S+MB +0B +\S+MB +2\n/)
    expect(stdout).toMatch(
      /\n[0-9a-f]{12} +lighter\/hello +"sh .*…" +2 +5B .* Exited \(0\) .* down\n/,
    )
    expect(stdout).toMatch(/\nVOLUME NAME +LINKS +SIZE\n/)
    expect(stdout).toMatch(/\nnamed +1 +7B\n/)
    expect(stdout).toMatch(/\n\nBuild cache usage: 0B\n\nCACHE ID {3}CACHE TYPE .* SHARED\n$/)
  })
})

describe('prune', () => {
  test('what is asked before', async () => {
    const asked = await world.lighter(
      ['system', 'prune', '-a', '--volumes', '--filter', 'label=b', '--filter', 'label=a'],
      { input: 'n\n' },
    )
    expect(asked).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: `WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all anonymous volumes not used by at least one container
  - all images without at least one container associated to them
  - all build cache

  Items to be pruned will be filtered with:
  - label=a
  - label=b

Are you sure you want to continue? [y/N] `,
    })
    expect((await lighter('ps', '-aq')).stdout.trim().split('\n')).toHaveLength(2)
  })

  test('without flags, volumes and named images stay', async () => {
    const { stdout } = await world.lighter(['system', 'prune'], { input: 'y\n' })
    expect(stdout).toMatch(
      /WARNING! This will remove:\n {2}- all stopped containers\n {2}- all networks not used by at least one container\n {2}- all dangling images\n {2}- unused build cache\n\nAre you sure you want to continue\? \[y\/N\] Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: 5B\n$/,
    )
    expect(await volumes()).toHaveLength(3)
    expect((await lighter('images', '-q')).stdout.trim().split('\n')).toHaveLength(2)
  })

  test('with all of them, only what is in use stays, and named volumes', async () => {
    const { stdout } = await lighter('system', 'prune', '-af', '--volumes')
    expect(stdout).toContain(`\nDeleted Volumes:\n${anonymous}\n\n`)
    expect(stdout).toMatch(/\nTotal reclaimed space: 14B\n$/)
    expect(await volumes()).toHaveLength(2)
    expect((await lighter('exec', 'up', 'ls', '-d', '/data')).stdout).toBe('/data\n')
  })

  test('an image that no container was made from', async () => {
    await lighter('rm', '-f', 'up', 'down')
    expect((await lighter('system', 'prune', '-f')).stdout).toBe('Total reclaimed space: 0B\n')
    const { stdout } = await lighter('system', 'prune', '-af')
    expect(stdout).toMatch(
      /^Deleted Images:\nuntagged: unused:1\nuntagged: lighter\/hello:latest\ndeleted: sha256:[0-9a-f]{64}\ndeleted: sha256:[0-9a-f]{64}\n\nTotal reclaimed space: [\d.]+MB\n$/,
    )
    expect((await lighter('images', '-q')).stdout).toBe('')
  })

  test('the volume of a container that is just being made stays', async () => {
    const stat = readFileSync('/proc/self/stat', 'utf8')
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    const draft = join(world.data, 'tmp', `${process.pid}-${startTime}-0123456789abcdef`)
    mkdirSync(draft)
    chownSync(draft, world.ids.uid, world.ids.gid)
    try {
      await lighter('create', '--name', 'young', '-v', '/z', image)
      await lighter('rm', 'young', 'down')
      const before = await volumes()
      await lighter('system', 'prune', '-f', '--volumes')
      const after = await volumes()
      expect(before.filter((name) => !after.includes(name))).toEqual([anonymous])
      expect(after).toHaveLength(3)
    } finally {
      rmSync(draft, { recursive: true })
    }
  })

  test('a damaged container may use any volume: all stay', async () => {
    await lighter('rm', 'down')
    const id = (await lighter('ps', '-q', '--no-trunc')).stdout.trim()
    const record = join(world.data, 'containers', id, 'container.json')
    const text = readFileSync(record, 'utf8')
    const before = await volumes()
    await world.run('truncate', ['-s', '10', record])
    await lighter('system', 'prune', '-f', '--volumes')
    await world.run('sh', ['-c', 'cat >"$1"', 'sh', record], { input: text })
    expect(await volumes()).toEqual(before)
  })

  test.each([
    [
      ['--volumes', '--filter', 'until=1h'],
      'ERROR: The "until" filter is not supported with "--volumes"\n',
    ],
    [['--filter', 'foo=1'], "Error response from daemon: invalid filter 'foo'\n"],
  ])('%j is refused', async (args, stderr) => {
    expect(await lighter('system', 'prune', '-f', ...args)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr,
    })
  })
})

test('info counts containers by their states', async () => {
  await lighter('run', '-d', '--name', 'held', image, 'sleep', '1000')
  await lighter('pause', 'held')
  expect((await lighter('info')).stdout).toMatch(
    /\nServer:\n Containers: 3\n {2}Running: 1\n {2}Paused: 1\n {2}Stopped: 1\n Images: 1\n/,
  )
  await lighter('unpause', 'held')
  const { stdout: driver } = await lighter('inspect', '-f', '{{.Driver}}', 'held')
  expect((await lighter('info', '-f', '{{.Driver}}')).stdout).toBe(driver)
})

test('licenses tells those of all that is built in', async () => {
  const { exitCode, stdout } = await lighter('system', 'licenses')
  expect(exitCode).toBe(0)
  for (const words of ['Apache License', 'Node.js is licensed', 'openpgp', 'libarchive', 'BusyBox'])
    expect(stdout).toContain(words)
  expect(stdout).toMatch(/GNU LESSER GENERAL PUBLIC LICENSE/i)
})
