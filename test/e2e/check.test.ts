import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { finish, makeWorld, type World } from '../helpers/world.ts'

let world: World
const registry = () => inject('registry')
const image = () => `${registry()}/busybox:latest`
const inData = (...parts: string[]) => join(world.data, ...parts)
const names = (folder: string): string[] =>
  existsSync(inData(folder)) ? readdirSync(inData(folder)).sort() : []

const works = { exitCode: 0, stderr: '' }
const run = async (...args: string[]): Promise<string> => {
  const outcome = await world.lighter(args)
  expect(outcome, args.join(' ')).toMatchObject(works)
  return outcome.stdout
}
const check = (...flags: string[]) => world.lighter(['system', 'check', ...flags])
const hello = () =>
  run('run', '--rm', '--network', 'none', image(), 'cat', '/etc/from-second-layer')

/** Everything is whole, and nothing is left over. */
async function expectClean(): Promise<void> {
  const { exitCode, stdout, stderr } = await check('--max', '0s')
  expect(stdout).toMatch(/^Checked [^\n]*: 0 damaged\n$/)
  expect({ exitCode, stderr }).toEqual(works)
}

/** The directory of the layer that has a file. */
function layerWith(file: string): string {
  const name = names('layers').find((layer) => existsSync(inData('layers', layer, 'fs', file)))
  if (name === undefined) throw new Error(`No layer has ${file}`)
  return inData('layers', name)
}

/** As the user of this world, for what root makes would be root's. */
const put = (path: string, text: string) => {
  writeFileSync(path, text)
  execFileSync('chown', [`${world.ids.uid}:${world.ids.gid}`, path])
}

const blobs = (isDocument: boolean): string[] =>
  names('blobs/sha256')
    .map((name) => inData('blobs/sha256', name))
    .filter((path) => (readFileSync(path)[0] === 0x7b) === isDocument)

function flip(path: string): void {
  const bytes = readFileSync(path)
  const at = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}

beforeEach(async () => {
  world = makeWorld('check')
  await run('pull', '-q', image())
})
afterEach(() => world.remove())

test('what is whole is found to be so, and a tree is compared once only', async () => {
  await expectClean()
  const layers = names('layers')
  expect(layers).toHaveLength(2)
  for (const layer of layers) expect(existsSync(inData('layers', layer, 'tree.json'))).toBe(true)
  // Without blobs there is nothing to compare with but what was remembered.
  const { stdout } = await check()
  expect(stdout).toMatch(/^Checked 1 image, 4 blobs, 2 layers, 0 containers: 0 damaged\n$/)
  expect(names('tmp')).toEqual([])
})

describe('a layer', () => {
  const file = () => join(layerWith('etc/from-second-layer'), 'fs/etc/from-second-layer')
  const same = (change: (path: string) => void) => () => {
    const path = file()
    const { atime, mtime } = statSync(path)
    change(path)
    utimesSync(path, atime, mtime)
  }

  test.each<[string, () => void]>([
    ['has other bytes', same((path) => writeFileSync(path, 'sECond\n'))],
    ['has another mode', same((path) => chmodSync(path, 0o600))],
    ['has another owner', same((path) => execFileSync('chown', ['100000:100000', path]))],
    ['has another attribute', same((path) => execFileSync('setfattr', ['-n', 'user.x', path]))],
    ['has another time', () => utimesSync(file(), 1, 1)],
    ['lacks a file', () => rmSync(file())],
    ['has a file more', () => writeFileSync(`${file()}-too`, '')],
    ['lacks a whiteout', () => rmSync(join(file(), '../from-first-layer'))],
    ['is empty', () => rmSync(join(file(), '../..'), { recursive: true })],
    ['has no record', () => truncateSync(join(layerWith('etc/from-second-layer'), 'layer.json'))],
    ['is gone', () => rmSync(layerWith('etc/from-second-layer'), { recursive: true })],
  ])('that %s is unpacked again from its blob', async (_what, spoil) => {
    await vi.waitFor(
      () => expect(existsSync(join(layerWith('etc/from-second-layer'), 'synced'))).toBe(true),
      60_000,
    )
    for (const known of [false, true]) {
      if (known) await expectClean()
      spoil()
      const found = await check()
      expect(found.stdout).toMatch(
        /^damaged: layer sha256:\w{64}: [^\n]+; --repair unpacks it again from its blob\nChecked [^\n]*: 1 damaged\n$/,
      )
      expect(found).toMatchObject({ exitCode: 1, stderr: '' })
      const repaired = await check('--repair')
      expect(repaired.stdout).toMatch(
        /^mended: layer sha256:\w{64}: [^\n]+; unpacked again from its blob\nChecked [^\n]*: 0 damaged, 1 mended\n$/,
      )
      expect(repaired).toMatchObject(works)
      await expectClean()
      expect(await hello()).toBe('second\n')
    }
  })

  test('that a container runs on stays until that has stopped', async () => {
    const up = ['run', '-d', '--name', 'up', '--network', 'none', image(), 'sleep', '1000']
    const id = (await run(...up)).slice(0, 12)
    await run('create', '--name', 'idle', image())
    writeFileSync(file(), 'sECond\n')
    for (const flags of [['-r'], ['-r', '-f']]) {
      const held = await check(...flags)
      expect(held.stdout).toContain(`; stop the container ${id} that runs on it first\n`)
      expect(held.exitCode).toBe(1)
    }
    // It can be mended later: nothing goes for it.
    expect(await run('ps', '-a', '--format', '{{.Names}}')).toBe('idle\nup\n')
    await run('rm', 'idle')
    expect(await run('exec', 'up', 'cat', '/etc/from-second-layer')).toBe('sECond\n')
    await run('stop', '-t', '0', 'up')
    expect(await check('-r')).toMatchObject(works)
    await run('start', 'up')
    expect(await run('exec', 'up', 'cat', '/etc/from-second-layer')).toBe('second\n')
    await run('rm', '-f', 'up')
    await expectClean()
  })

  test('that nobody knows how to mend is reported, and removed by force with its containers', async () => {
    await run('create', '--name', 'stands', image())
    await expectClean()
    for (const path of blobs(false)) flip(path)
    writeFileSync(file(), 'other\n')
    const { stdout, exitCode } = await check('-r')
    expect(stdout).toMatch(
      /^mended: blob sha256:\w+: [^\n]*; dropped, so that it is fetched again$/m,
    )
    expect(stdout).toMatch(/^damaged: layer sha256:\w+: /m)
    expect(stdout).toMatch(
      /^damaged: container stands: its layer sha256:\w+ is missing or damaged; /m,
    )
    expect(stdout).toContain(`\ndamaged: image ${image()}: `)
    expect(exitCode).toBe(1)
    const forced = await check('-r', '-f')
    expect(forced.stdout).toContain('\nmended: container stands: ')
    expect(forced.stdout).toContain(`\nmended: image ${image()}: `)
    expect(await run('ps', '-aq')).toBe('')
    expect(await run('images', '-q')).toBe('')
    await run('pull', '-q', image())
    await expectClean()
    expect(await hello()).toBe('second\n')
  })
})

describe('a blob', () => {
  test.each<[string, boolean, (path: string) => void]>([
    ['of a layer has another bit', false, flip],
    ['of a layer is cut off', false, (path) => truncateSync(path, 100)],
    ['of a layer is gone', false, (path) => rmSync(path)],
    ['of a document has another bit', true, flip],
    ['of a document is empty', true, (path) => truncateSync(path)],
  ])('%s: dropped, and fetched again by the next pull', async (_what, isDocument, spoil) => {
    const bad = blobs(isDocument)
    expect(bad).toHaveLength(2)
    for (const path of bad) spoil(path)
    const found = await check()
    expect(found).toMatchObject({ exitCode: 1, stderr: '' })
    expect(found.stdout).toMatch(/^damaged: image [^\n]+busybox:latest: /m)
    expect(await check('-r')).toMatchObject({ exitCode: 1, stderr: '' })
    for (const path of bad) expect(existsSync(path)).toBe(false)
    await run('pull', '-q', image())
    await expectClean()
    expect(await hello()).toBe('second\n')
  })

  test('that is damaged harms no other image', async () => {
    await run('pull', '-q', `${registry()}/debian:bookworm`)
    for (const path of blobs(false)) if (statSync(path).size > 10_000_000) flip(path)
    expect((await check('-r')).exitCode).toBe(1)
    expect(await hello()).toBe('second\n')
    expect((await check('-r', '-f')).exitCode).toBe(0)
    expect(await run('images', '--format', '{{.Repository}}')).toBe(`${registry()}/busybox\n`)
    await expectClean()
  })
})

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

test('a user with one id: the owners that files should have are part of the tree', async () => {
  // Debian's `games`, whom nobody gave subordinate ids.
  const alone = { uid: 5, gid: 60 }
  const home = mkdtempSync(join(inject('work'), 'alone-'))
  chownSync(home, alone.uid, alone.gid)
  const env = { PATH: '/usr/bin:/bin', HOME: home, LIGHTER_DATA_DIR: join(home, 'data') }
  const lighter = (...args: string[]) =>
    finish(spawn(inject('program'), args, { ...alone, cwd: home, env, stdio: 'pipe' }))
  expect(await lighter('pull', '-q', image())).toMatchObject(works)
  expect((await lighter('system', 'check')).stdout).toMatch(/: 0 damaged\n$/)
  const layers = join(home, 'data/layers')
  const [base = ''] = readdirSync(layers).filter((name) => existsSync(join(layers, name, 'fs/bin')))
  expect(base).toMatch(/-squashed$/)
  execFileSync('setfattr', ['-x', 'user.lighter.owner', join(layers, base, 'fs/home/app')])
  expect((await lighter('system', 'check')).stdout).toMatch(/: 1 damaged\n$/)
  expect((await lighter('system', 'check', '-r')).stdout).toMatch(/: 0 damaged, 1 mended\n$/)
  expect((await lighter('system', 'check')).stdout).toMatch(/: 0 damaged\n$/)
  rmSync(home, { recursive: true, maxRetries: 5 })
})

test('--quick reads no bytes, and --format says the same to programs', async () => {
  for (const path of blobs(false)) flip(path)
  expect((await check('--quick')).stdout).toMatch(/: 0 damaged\n$/)
  const { stdout, exitCode } = await check('--format', 'json')
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows.filter(({ Kind }) => Kind === 'blob')).toHaveLength(2)
  expect(rows[0]).toEqual({
    Outcome: 'damaged',
    Kind: 'blob',
    ID: expect.stringMatching(/^sha256:\w{64}$/),
    Problem: 'its bytes are not those of its digest',
    Advice: '--repair drops it, so that it is fetched again',
  })
  expect(exitCode).toBe(1)
})

test('--force is of no use without --repair', async () => {
  expect(await check('--force')).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringMatching(/^--force needs --repair: /),
  })
})

test('other tools read what was repaired', async () => {
  put(inData('index.json'), '{}')
  writeFileSync(join(layerWith('etc/from-second-layer'), 'fs/etc/from-second-layer'), 'other\n')
  await run('system', 'check', '-r')
  const out = join(world.home, 'copy')
  const skopeo = (...args: string[]) =>
    execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' })
  skopeo('copy', '--quiet', `oci:${world.data}:${image()}`, `dir:${out}`)
  const remote = skopeo('inspect', '--raw', '--tls-verify=false', `docker://${image()}`)
  expect(readFileSync(join(out, 'manifest.json'), 'utf8')).toBe(remote)
})

test('beside commands that change all of it nothing is found', async () => {
  await run('tag', image(), 'kept:1')
  await run('save', '-o', 'kept.tar', 'kept:1')
  let going = true
  const loop = async (...commands: string[][]) => {
    while (going) for (const args of commands) await world.lighter(args)
  }
  const others = [
    loop(['pull', '-q', image()], ['rmi', '-f', image()]),
    loop(['load', '-q', '-i', 'kept.tar'], ['image', 'prune', '-af']),
    loop(['run', '--rm', '--network', 'none', image(), 'true']),
  ]
  const seen: string[] = []
  for (let round = 0; round < 8; round++) {
    const { stdout, stderr } = await finish(
      world.start(['system', 'check', ...(round % 2 ? ['-r'] : [])]),
    )
    seen.push(
      ...`${stdout}${stderr}`
        .split('\n')
        .filter((line) => !/^(Checked .*|leftover: .*|removed: .*|)$/.test(line)),
    )
  }
  going = false
  await Promise.all(others)
  expect(seen).toEqual([])
  await run('pull', '-q', image())
  expect(await hello()).toBe('second\n')
})
