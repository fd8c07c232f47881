import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { finish, makeWorld, type World } from '../helpers/world.ts'

let world: World
const registry = () => inject('registry')
const image = () => `${registry()}/busybox:latest`
const file = (name: string) => join(world.home, name)
const digestOf = (bytes: string | Buffer) =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** The same but for its last bit. */
function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return copy
}

const names = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []

const run = async (...args: string[]): Promise<string> => {
  const outcome = await world.lighter(args)
  expect(outcome, args.join(' ')).toMatchObject({ exitCode: 0, stderr: '' })
  return outcome.stdout
}
const load = (name: string) => run('load', '-i', name)
const hello = (name: string) =>
  run('run', '--rm', '--network', 'none', name, 'cat', '/etc/from-second-layer')

/** Of the record of a name: the manifest, and the id. */
function recordOf(name: string): { descriptor: { digest: string }; imageId: string } {
  const path = join(world.data, 'refs', `${encodeURIComponent(name)}.json`)
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** What a failed load leaves: nothing. */
function expectNothing(): void {
  expect({ refs: names('refs'), blobs: names('blobs/sha256'), tmp: names('tmp') }).toEqual({
    refs: [],
    blobs: [],
    tmp: [],
  })
  expect(names('layers')).toEqual([])
}

async function removeAll(): Promise<void> {
  const ids = (await run('images', '-q', '--no-trunc')).split('\n').filter(Boolean)
  if (ids.length > 0) await run('rmi', '-f', ...new Set(ids))
  expect(names('blobs/sha256')).toEqual([])
}

const skopeo = (...args: string[]): string =>
  execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' })

/** An archive that skopeo makes of the test image. */
function fromSkopeo(transport: string, name: string, from = 'busybox'): void {
  const options = ['--quiet', '--src-tls-verify=false']
  const path = join(mkdtempSync(join(inject('work'), 'skopeo-')), 'out.tar')
  skopeo('copy', ...options, `docker://${registry()}/${from}`, `${transport}:${path}:${name}`)
  writeFileSync(file('skopeo.tar'), readFileSync(path))
}

beforeEach(() => {
  world = makeWorld('archives')
})
afterEach(() => world.remove())

describe('a round trip', () => {
  beforeEach(async () => {
    await run('pull', '-q', image())
    await run('tag', image(), 'one:1')
    await run('tag', image(), 'one:2')
  })

  test('keeps the digests of manifest and image, and the names', async () => {
    const before = recordOf(image())
    await run('save', '-o', 'a.tar', image(), 'one')
    await removeAll()
    expect(await load('a.tar')).toBe(
      `Loaded image: ${image()}\nLoaded image: one:1\nLoaded image: one:2\n`,
    )
    for (const name of [image(), 'docker.io/library/one:1', 'docker.io/library/one:2']) {
      expect(recordOf(name)).toMatchObject({
        imageId: before.imageId,
        descriptor: { digest: before.descriptor.digest },
      })
    }
    expect(await hello('one:1')).toBe('second\n')
    expect(names('tmp')).toEqual([])
  })

  test('the same image is the same archive, to a file and to standard output', async () => {
    await run('save', '-o', 'a.tar', 'one')
    const second = await world.run('sh', ['-c', `umask 077; ${inject('program')} save one >b.tar`])
    expect(second).toMatchObject({ exitCode: 0, stderr: '' })
    expect(readFileSync(file('a.tar')).equals(readFileSync(file('b.tar')))).toBe(true)
    const piped = await world.run('sh', [
      '-c',
      `${inject('program')} save one | ${inject('program')} load`,
    ])
    expect(piped.stdout).toBe('Loaded image: one:1\nLoaded image: one:2\n')
  })

  test('without a name', async () => {
    const { imageId } = recordOf(image())
    await run('save', '-o', 'a.tar', imageId)
    await removeAll()
    expect(await load('a.tar')).toBe(`Loaded image ID: ${imageId}\n`)
    expect(await run('images', '-q', '--no-trunc')).toBe(`${imageId}\n`)
    expect(await load('a.tar')).toBe(`Loaded image ID: ${imageId}\n`)
    expect(await run('images', '--format', '{{.Repository}}')).toBe('<none>\n')
  })

  test('several images, whose common layers are there once', async () => {
    await run('run', '--name', 'made', '--network', 'none', image(), 'touch', '/new')
    await run('commit', 'made', 'two')
    await run('rm', 'made')
    await run('save', '-o', 'a.tar', 'one:1', 'two')
    const blobs = execFileSync('tar', ['-tf', file('a.tar')], { encoding: 'utf8' })
      .split('\n')
      .filter((name) => /^blobs\/sha256\/./.test(name))
    expect(blobs).toHaveLength(7)
    expect(new Set(blobs).size).toBe(7)
    await removeAll()
    expect(await load('a.tar')).toBe('Loaded image: one:1\nLoaded image: two:latest\n')
    expect(await run('run', '--rm', '--network', 'none', 'two', 'ls', '/new')).toBe('/new\n')
  })

  test.each([
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
    ['bzip2', (input: Buffer) => execFileSync('bzip2', ['-c'], { input, maxBuffer: 1e8 })],
    ['xz', (input: Buffer) => execFileSync('xz', ['-c', '-0'], { input, maxBuffer: 1e8 })],
  ])('as a whole compressed with %s', async (_name, pack) => {
    await run('save', '-o', 'a.tar', 'one:1')
    writeFileSync(file('packed'), pack(readFileSync(file('a.tar'))))
    await removeAll()
    expect(await load('packed')).toBe('Loaded image: one:1\n')
    expect(await hello('one:1')).toBe('second\n')
  })

  test('an image that was pulled keeps the manifest it has', async () => {
    const before = recordOf(image())
    await run('save', '-o', 'a.tar', image())
    await load('a.tar')
    expect(recordOf(image())).toEqual(before)
  })

  test('for one platform', async () => {
    await run('save', '--platform', 'linux/amd64', '-o', 'a.tar', 'one:1')
    expect(await run('load', '--platform', 'linux/amd64', '-i', 'a.tar')).toBe(
      'Loaded image: one:1\n',
    )
    const save = await world.lighter(['save', '--platform', 'linux/arm64', '-o', 'b.tar', 'one:1'])
    expect(save).toMatchObject({
      exitCode: 1,
      stderr:
        'Error response from daemon: no suitable export target found for platform linux/arm64\n',
    })
    expect(existsSync(file('b.tar'))).toBe(false)
    const wrong = await world.lighter(['load', '--platform', 'linux/arm64', '-i', 'a.tar'])
    expect(wrong).toMatchObject({ exitCode: 1, stdout: '' })
    expect(wrong.stderr).toBe('the archive has no image for the platform linux/arm64\n')
  })

  test('a damaged blob is not saved, and a load makes it good', async () => {
    await run('save', '-o', 'a.tar', 'one:1')
    for (const name of names('blobs/sha256')) {
      const path = join(world.data, 'blobs/sha256', name)
      const bytes = readFileSync(path)
      if (bytes.length > 100_000) writeFileSync(path, damaged(bytes))
    }
    const outcome = await world.lighter(['save', '-o', 'b.tar', 'one:1'])
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toMatch(/^Error response from daemon: blob sha256:\w+ is damaged: /)
    expect(existsSync(file('b.tar'))).toBe(false)
    await load('a.tar')
    await run('save', '-o', 'b.tar', 'one:1')
  })

  test('who has read enough ends a save, which leaves nothing', async () => {
    const { stdout } = await world.run('sh', ['-c', `${inject('program')} save one | head -c 5`])
    expect(stdout).toBe('blobs')
    await expect.poll(() => names('tmp')).toEqual([])
  })
})

describe('other programs', () => {
  test.each([
    ['docker-archive', 'busybox:latest'],
    ['docker-archive', 'busybox:zstd'],
    ['docker-archive', 'busybox:schema2'],
    ['oci-archive', 'busybox:latest'],
    ['oci-archive', 'busybox:schema2'],
  ])('skopeo reads ours as %s: %s', async (transport, name) => {
    await run('pull', '-q', `${registry()}/${name}`)
    await run('tag', `${registry()}/${name}`, 'ours:1')
    await run('save', '-o', 'a.tar', 'ours:1')
    // By its tag skopeo finds manifests of the OCI's types only.
    const source = `${transport}:${file('a.tar')}${transport === 'oci-archive' ? '' : ':ours:1'}`
    const config = skopeo('inspect', '--config', '--raw', source)
    expect(digestOf(config)).toBe(recordOf('docker.io/library/ours:1').imageId)
    if (transport === 'oci-archive') {
      expect(digestOf(skopeo('inspect', '--raw', source))).toBe(
        recordOf('docker.io/library/ours:1').descriptor.digest,
      )
    }
    // All layers are read, and checked.
    const out = mkdtempSync(join(inject('work'), 'skopeo-'))
    skopeo('copy', '--quiet', source, `dir:${out}`)
  })

  test("skopeo's docker-archive", async () => {
    fromSkopeo('docker-archive', 'theirs:1')
    expect(await load('skopeo.tar')).toBe('Loaded image: theirs:1\n')
    expect(await hello('theirs:1')).toBe('second\n')
    const { imageId } = recordOf('docker.io/library/theirs:1')
    const config = skopeo('inspect', '--config', '--raw', `docker-archive:${file('skopeo.tar')}`)
    expect(imageId).toBe(digestOf(config))
    await run('save', '-o', 'again.tar', 'theirs:1')
    await removeAll()
    await load('again.tar')
    expect(recordOf('docker.io/library/theirs:1').imageId).toBe(imageId)
  })

  test("skopeo's oci-archive", async () => {
    fromSkopeo('oci-archive', 'example.org/theirs:1', 'busybox:zstd')
    expect(await load('skopeo.tar')).toBe('Loaded image: example.org/theirs:1\n')
    expect(await hello('example.org/theirs:1')).toBe('second\n')
    const { descriptor } = recordOf('example.org/theirs:1')
    expect(descriptor.digest).toBe(
      digestOf(skopeo('inspect', '--raw', `oci-archive:${file('skopeo.tar')}`)),
    )
  })

  test('an index with several platforms', async () => {
    const path = join(mkdtempSync(join(inject('work'), 'skopeo-')), 'out.tar')
    const options = ['--all', '--quiet', '--src-tls-verify=false']
    skopeo(
      'copy',
      ...options,
      `docker://${registry()}/busybox:multi`,
      `oci-archive:${path}:multi:1`,
    )
    writeFileSync(file('multi.tar'), readFileSync(path))
    expect(await load('multi.tar')).toBe('Loaded image: multi:1\n')
    expect(await run('image', 'inspect', '-f', '{{.Architecture}}', 'multi:1')).toBe('amd64\n')
    await run('load', '--platform', 'linux/arm64', '-i', 'multi.tar')
    expect(await run('image', 'inspect', '-f', '{{.Architecture}}', 'multi:1')).toBe('arm64\n')
    const none = await world.lighter(['load', '--platform', 'linux/s390x', '-i', 'multi.tar'])
    expect(none.stderr).toBe('the archive has no image for the platform linux/s390x\n')
  })
})

describe('an archive that cannot be trusted', () => {
  const layer = makeArchive([{ path: 'f', data: 'x' }])
  const config = (...layers: Buffer[]): string =>
    JSON.stringify({
      os: 'linux',
      architecture: 'amd64',
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    })
  const manifest = (name: string, ...layers: string[]): string =>
    JSON.stringify([{ Config: 'c.json', RepoTags: [name], Layers: layers }])
  const usual = (path = 'l.tar'): ArchiveEntry[] => [
    { path: 'c.json', data: config(layer) },
    { path: 'manifest.json', data: manifest('x:1', path) },
  ]
  const refused = async (archive: Buffer): Promise<string> => {
    writeFileSync(file('bad.tar'), archive)
    const outcome = await world.lighter(['load', '-i', 'bad.tar'])
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expectNothing()
    return outcome.stderr
  }

  test.each<[string, ArchiveEntry[], RegExp]>([
    [
      'a layer is another',
      [...usual(), { path: 'l.tar', data: makeArchive([]) }],
      /^invalid diffID for layer 0: expected "sha256:\w+", got "sha256:\w+"\n$/,
    ],
    [
      'a layer is no archive',
      [
        { path: 'c.json', data: config(Buffer.alloc(5000, 'x')) },
        { path: 'manifest.json', data: manifest('x:1', 'l.tar') },
        { path: 'l.tar', data: Buffer.alloc(5000, 'x') },
      ],
      /^archive\/tar: invalid tar header\n$/,
    ],
    ['a layer is missing', usual(), /^open l\.tar: no such file or directory\n$/],
    [
      'a path leads outside',
      usual('../../../../../../etc/passwd'),
      /^open \.\.\/.*passwd: no such file or directory\n$/,
    ],
    [
      'a link leads outside',
      [...usual(), { path: 'l.tar', type: 'SymbolicLink', linkpath: '/etc/passwd' }],
      /^open l\.tar: no such file or directory\n$/,
    ],
    [
      'a link leads to itself',
      [...usual(), { path: 'l.tar', type: 'SymbolicLink', linkpath: 'l.tar' }],
      /^open l\.tar: no such file or directory\n$/,
    ],
    [
      'a hard link leads outside',
      [...usual(), { path: 'l.tar', type: 'Link', linkpath: '../../etc/passwd' }],
      /^open l\.tar: no such file or directory\n$/,
    ],
    [
      'a layer is a device',
      [...usual(), { path: 'l.tar', type: 'CharacterDevice', device: [1, 5] }],
      /^open l\.tar: no such file or directory\n$/,
    ],
    [
      'a name is none',
      [
        { path: 'c.json', data: config() },
        { path: 'manifest.json', data: manifest('X:1') },
      ],
      /^invalid reference format: repository name \(library\/X\) must be lowercase\n$/,
    ],
    [
      'the second image is wrong',
      [
        { path: 'c.json', data: config(layer) },
        { path: 'l.tar', data: layer },
        { path: 'd.json', data: config(makeArchive([])) },
        {
          path: 'manifest.json',
          data: JSON.stringify([
            ...JSON.parse(manifest('x:1', 'l.tar')),
            { Config: 'd.json', RepoTags: ['x:2'], Layers: ['l.tar'] },
          ]),
        },
      ],
      /^invalid diffID for layer 0: /,
    ],
    [
      'the configuration has no layers',
      [
        { path: 'c.json', data: '{}' },
        { path: 'manifest.json', data: manifest('x:1') },
      ],
      /^invalid image JSON, no RootFS key\n$/,
    ],
    [
      'a document is too large',
      [{ path: 'manifest.json', data: Buffer.alloc(5_000_000, ' ') }],
      /^manifest\.json is larger than 4194304 bytes\n$/,
    ],
  ])('%s', async (_story, entries, message) => {
    expect(await refused(makeArchive(entries))).toMatch(message)
  })

  test('names of members are no paths', async () => {
    const archive = makeArchive([
      { path: '../../outside', data: 'x' },
      { path: '/absolute', data: 'x' },
      { path: 'a/../../l.tar', data: layer },
      { path: 'c.json', data: config(layer) },
      { path: 'manifest.json', data: manifest('x:1', '/l.tar') },
    ])
    writeFileSync(file('odd.tar'), archive)
    expect(await load('odd.tar')).toBe('Loaded image: x:1\n')
    expect(existsSync('/absolute')).toBe(false)
    expect(execFileSync('find', [world.home, '-name', 'outside'], { encoding: 'utf8' })).toBe('')
  })

  test('sizes that make no sense', async () => {
    const huge = makeArchive(usual())
    const header = huge.subarray(0, 512)
    const resize = (write: (block: Buffer) => void): Buffer => {
      write(header)
      header.fill(' ', 148, 156)
      const sum = header.reduce((total, byte) => total + byte, 0)
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
      return Buffer.from(huge)
    }
    expect(await refused(resize((block) => block.write('77777777777\0', 124, 'latin1')))).toBe(
      'unexpected EOF\n',
    )
    const negative = resize((block) => block.fill(0xff, 124, 136))
    expect(await refused(negative)).toMatch(/^archive\/tar: invalid tar header\n$/)
    const enormous = resize((block) =>
      block.fill(0, 125, 136).fill(0x80, 124, 125).fill(0x7f, 126, 136),
    )
    expect(await refused(enormous)).toMatch(/^(unexpected EOF|archive\/tar: invalid tar header)\n$/)
  })

  test('cut off, anywhere', async () => {
    const whole = makeArchive([...usual(), { path: 'l.tar', data: layer }])
    for (const size of [1, 511, 700, 1024 + 100, whole.length - 1600]) {
      expect(await refused(whole.subarray(0, size)), String(size)).toBe('unexpected EOF\n')
    }
    const packed = gzipSync(whole)
    expect(await refused(packed.subarray(0, packed.length - 20))).toBe('unexpected EOF\n')
    expect(await refused(Buffer.alloc(0))).toBe('open manifest.json: no such file or directory\n')
  })

  test('an OCI layout whose blobs are not those of their digests', async () => {
    fromSkopeo('oci-archive', 'example.org/theirs:1')
    const directory = mkdtempSync(join(inject('work'), 'layout-'))
    execFileSync('tar', ['-xf', file('skopeo.tar'), '-C', directory])
    const blobs = join(directory, 'blobs/sha256')
    for (const name of readdirSync(blobs)) {
      const path = join(blobs, name)
      const good = readFileSync(path)
      const bad = damaged(good)
      for (const [bytes, message] of [
        [bad, /^blobs\/sha256\/\w+ is damaged: its content is sha256:\w+, not sha256:\w+\n$/],
        [undefined, /^open blobs\/sha256\/\w+: no such file or directory\n$/],
      ] as const) {
        if (bytes) writeFileSync(path, bytes)
        else rmSync(path)
        const archive = execFileSync('tar', ['-C', directory, '-c', '.'], { maxBuffer: 1e8 })
        expect(await refused(archive), name).toMatch(message)
      }
      writeFileSync(path, good)
    }
  })

  test('a known layer does not vouch for a blob that claims to be it', async () => {
    const good = makeArchive([...usual(), { path: 'l.tar', data: layer }])
    writeFileSync(file('good.tar'), good)
    await load('good.tar')
    const other = config(layer).replace('amd64', 'arm64')
    writeFileSync(
      file('bad.tar'),
      makeArchive([
        { path: 'c.json', data: other },
        { path: 'l.tar', data: gzipSync('something else') },
        { path: 'manifest.json', data: manifest('y:1', 'l.tar') },
      ]),
    )
    const outcome = await world.lighter(['load', '-i', 'bad.tar'])
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toMatch(/^invalid diffID for layer 0: /)
    expect(await run('images', '--format', '{{.Repository}}')).toBe('x\n')
  })
})

describe('beside others', () => {
  /** Large enough that a load takes a while. */
  async function bigArchive(): Promise<void> {
    await run('pull', '-q', `${registry()}/debian:bookworm`)
    await run('tag', `${registry()}/debian:bookworm`, 'big:1')
    await run('save', '-o', 'big.tar', 'big:1')
    await removeAll()
  }

  test('a load that is killed leaves nothing that the next one does not clear away', async () => {
    await bigArchive()
    for (const wait of [100, 250, 500, 900]) {
      const child = world.start(['load', '-i', 'big.tar'])
      const done = finish(child)
      setTimeout(() => child.kill('SIGKILL'), wait)
      await done
    }
    expect(await load('big.tar')).toBe('Loaded image: big:1\n')
    expect(names('tmp')).toEqual([])
    expect(names('refs')).toEqual(['docker.io%2Flibrary%2Fbig%3A1.json'])
    expect(names('blobs/sha256')).toHaveLength(4)
    expect(names('layers')).toHaveLength(2)
    expect(
      await run('run', '--rm', '--network', 'none', 'big:1', 'cat', '/etc/lighter-layer'),
    ).toBe('second layer\n')
    await removeAll()
    expect(names('layers')).toEqual([])
  })

  test('removals, and other loads', async () => {
    await run('pull', '-q', image())
    await run('tag', image(), 'one:1')
    await run('save', '-o', 'a.tar', 'one:1')
    await run('rmi', image())
    for (let round = 0; round < 8; round += 1) {
      const [, ...loads] = await Promise.all([
        world.lighter(['rmi', '-f', 'one:1']),
        world.lighter(['load', '-i', 'a.tar']),
        world.lighter(['load', '-i', 'a.tar']),
      ])
      for (const outcome of loads) {
        expect(outcome).toEqual({ exitCode: 0, stdout: 'Loaded image: one:1\n', stderr: '' })
      }
      if ((await run('images', '-q')) !== '') expect(await hello('one:1')).toBe('second\n')
    }
  })

  test('who must not read a file, or write one', async () => {
    writeFileSync(file('secret.tar'), '')
    chmodSync(file('secret.tar'), 0)
    expect((await world.lighter(['load', '-i', 'secret.tar'])).stderr).toBe(
      'open secret.tar: permission denied\n',
    )
    truncateSync(file('secret.tar'))
    await run('pull', '-q', image())
    expect((await world.lighter(['save', '-o', '/etc/x.tar', image()])).stderr).toMatch(
      /^open \/etc\/\.docker_temp_\d+: permission denied\n$/,
    )
  })
})
