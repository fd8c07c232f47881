import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, inject, test } from 'vitest'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import {
  damaged,
  digestOf,
  file,
  fromSkopeo,
  load,
  names,
  run,
  useArchives,
  world,
} from '../helpers/archives.ts'

useArchives()

/** What a failed load leaves: nothing. */
function expectNothing(): void {
  expect({ refs: names('refs'), blobs: names('blobs/sha256'), tmp: names('tmp') }).toEqual({
    refs: [],
    blobs: [],
    tmp: [],
  })
  expect(names('layers')).toEqual([])
}

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
