import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, truncateSync, utimesSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  check,
  expectClean,
  hello,
  image,
  inData,
  names,
  put,
  run,
  useChecks,
  works,
  world,
} from '../helpers/checks.ts'

useChecks()

describe('records', () => {
  const dead = '99999999-1'
  const identity = { pid: 99_999_999, startTime: '1', bootId: 'none' }
  const hex = 'a'.repeat(64)
  const ref = () => inData('refs', names('refs').find((name) => name.includes('latest')) ?? '')
  const container = (file: string) => inData('containers', names('containers')[0] ?? '', file)
  const old = (path: string) => utimesSync(path, 1, 1)

  test.each<[string, () => unknown, RegExp]>([
    ['a torn reference', () => truncateSync(ref(), 10), /^KIND: reference \S+busybox:latest: /m],
    ['an index that was left behind', () => put(inData('index.json'), '{}'), /^KIND: index /m],
    ['an index that is gone', () => rmSync(inData('index.json')), /^KIND: index /m],
    [
      'a torn state',
      () => run('create', '--name', 'idle', image()).then(() => put(container('state.json'), '{')),
      /^KIND: container idle: its state is damaged; /m,
    ],
    [
      'a lost name',
      () => run('create', '--name', 'idle', image()).then(() => rmSync(inData('names/idle'))),
      /^KIND: name idle: the container \w{12} has this name, and does not own it; /m,
    ],
    [
      'a torn network',
      () =>
        run('network', 'create', 'n').then((id) =>
          truncateSync(inData('networks', id.trim(), 'network.json')),
        ),
      /^KIND: network \w{12}: its record is damaged; /m,
    ],
    [
      'a volume without its directory',
      () =>
        run('volume', 'create', 'kept').then(() =>
          rmSync(inData('volumes/kept/_data'), { recursive: true }),
        ),
      /^KIND: volume kept: its directory is missing; /m,
    ],
    [
      'a volume with files and a torn record',
      async () => {
        await run('volume', 'create', 'kept')
        put(inData('volumes/kept/_data/file'), 'kept')
        truncateSync(inData('volumes/kept/volume.json'))
      },
      /^KIND: volume kept: its record is damaged; /m,
    ],
  ])('%s: damaged, and mended', async (_what, spoil, line) => {
    const expected = (outcome: string) => new RegExp(line.source.replace('KIND', outcome), 'm')
    await spoil()
    const found = await check()
    expect(found.stdout).toMatch(expected('damaged'))
    expect(found).toMatchObject({ exitCode: 1, stderr: '' })
    const repaired = await check('-r')
    expect(repaired.stdout).toMatch(expected('mended'))
    expect(repaired).toMatchObject(works)
    await expectClean()
    await run('rm', '-f', 'idle').catch(() => undefined)
    await world.lighter(['volume', 'rm', 'kept'])
  })

  test('a torn reference of an image that came from nowhere is written anew', async () => {
    await run('tag', image(), 'made:1')
    const record = inData('refs/docker.io%2Flibrary%2Fmade%3A1.json')
    truncateSync(record, 10)
    expect(await run('images', '-q', 'made')).toBe('')
    const { stdout } = await check('-r')
    expect(stdout).toMatch(/^mended: reference [^\n]*; written anew from index.json$/m)
    expect(await run('images', '--format', '{{.Tag}}', 'made')).toBe('1\n')
    await run('rmi', 'made:1')
    await expectClean()
  })

  test('a volume with files is not removed for its record, whatever that says', async () => {
    await run('volume', 'create', 'kept')
    put(inData('volumes/kept/_data/file'), 'kept')
    put(inData('volumes/kept/volume.json'), '{"version":2,"name":"kept"}')
    const { exitCode, stdout } = await check('-r', '-f')
    expect({ exitCode, stdout }).toEqual({
      exitCode: 1,
      stdout: expect.stringMatching(/^damaged: volume kept: /m),
    })
    expect(readFileSync(inData('volumes/kept/_data/file'), 'utf8')).toBe('kept')
    rmSync(inData('volumes/kept'), { recursive: true })
  })

  test.each<[string, () => void]>([
    ['work of a dead process', () => mkdirSync(inData('tmp', `${dead}-0123456789abcdef0`))],
    ['a volume that a dead process made', () => mkdirSync(inData('tmp', `${dead}-volume-v`))],
    ['trash', () => mkdirSync(inData('trash/thing/inside'), { recursive: true })],
    ['an unfinished record', () => put(inData('refs/x.json.99999999-0123456789ab.tmp'), '')],
    [
      'a claim',
      () =>
        put(
          inData('downloads', `${hex}.owner`),
          JSON.stringify({ ...identity, nonce: '0123456789abcdef' }),
        ),
    ],
    [
      'a download that was given up',
      () => {
        put(inData('downloads', `${hex}.partial`), 'part')
        old(inData('downloads', `${hex}.partial`))
      },
    ],
    [
      'a name',
      () => put(inData('names/ghost'), JSON.stringify({ version: 1, id: hex, owner: identity })),
    ],
    [
      'a blob',
      () =>
        put(
          inData('blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'),
          'abc',
        ),
    ],
    ['a layer', () => mkdirSync(inData('layers', hex, 'fs'), { recursive: true })],
    [
      'a tree that was replaced under a container',
      () => mkdirSync(inData('layers', `${hex}.old-01234567`)),
    ],
  ])('leftovers harm nobody: %s', async (_what, leave) => {
    for (const folder of ['tmp', 'trash', 'names', 'downloads']) {
      mkdirSync(inData(folder), { recursive: true })
      execFileSync('chown', [`${world.ids.uid}:${world.ids.gid}`, inData(folder)])
    }
    leave()
    execFileSync('chown', [
      '-R',
      '-h',
      '--from=0:0',
      `${world.ids.uid}:${world.ids.gid}`,
      ...['tmp', 'trash', 'layers'].map((name) => inData(name)),
    ])
    const found = await check('--max', '0s')
    expect(found.stdout).toMatch(/^leftover: [^\n]+\nChecked [^\n]*: 0 damaged, 1 leftover\n$/)
    expect(found).toMatchObject(works)
    const repaired = await check('-r', '--max', '0s')
    expect(repaired.stdout).toMatch(
      /^removed: [^\n]+\nChecked [^\n]*: 0 damaged, 1 leftover removed\n$/,
    )
    await expectClean()
    expect(await hello()).toBe('second\n')
  })

  test('what nothing refers to is left to an interrupted pull for a day', async () => {
    const blob = inData(
      'blobs/sha256/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    put(blob, 'abc')
    expect((await check('-r')).stdout).toMatch(/: 0 damaged\n$/)
    old(blob)
    expect((await check('-r')).stdout).toMatch(/^removed: blob sha256:ba78/)
  })

  test('a torn container is removed by force only, and its volume stays', async () => {
    await run('create', '--name', 'idle', '-v', 'kept:/v', image())
    truncateSync(container('container.json'))
    expect((await check('-r')).stdout).toMatch(
      /^damaged: container \w{12}: its record is damaged; 'rm -f \w{12}' or /m,
    )
    expect((await check('-r', '-f')).exitCode).toBe(0)
    expect(names('containers')).toEqual([])
    expect(await run('volume', 'ls', '-q')).toBe('kept\n')
    await run('volume', 'rm', 'kept')
    await expectClean()
  })

  test('a volume that a container has lost is told', async () => {
    await run('create', '--name', 'idle', '-v', 'kept:/v', image())
    rmSync(inData('volumes/kept'), { recursive: true })
    const { stdout, exitCode } = await check('-r')
    expect(stdout).toContain(
      "damaged: container idle: its volume kept is missing or damaged; 'volume create kept' makes an empty one\n",
    )
    expect(exitCode).toBe(1)
    await run('rm', 'idle')
  })
})
