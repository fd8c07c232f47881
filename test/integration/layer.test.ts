import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { NativeReport } from '../../lib/runtime/protocol.ts'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { testUser } from '../helpers/world.ts'

const user = testUser()
const [firstSubuid, subuidCount] = user.subuids
const FULL_MAP = {
  uids: [
    [0, user.uid, 1],
    [1, firstSubuid, subuidCount],
  ],
  gids: [
    [0, user.gid, 1],
    [1, firstSubuid, subuidCount],
  ],
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
}
const SINGLE_MAP = { uids: [[0, user.uid, 1]], gids: [[0, user.gid, 1]] }

let work = ''
beforeAll(() => {
  work = mkdtempSync(join(inject('work'), 'layer-'))
  chownSync(work, user.uid, user.gid)
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

interface Applied {
  target: string
  report: NativeReport
}

/** Applies an archive as the unprivileged user. */
async function apply(archive: Buffer, squash = false): Promise<Applied> {
  const draft = mkdtempSync(join(work, 'case-'))
  chownSync(draft, user.uid, user.gid)
  const target = join(draft, 'fs')
  const map = JSON.stringify(squash ? SINGLE_MAP : FULL_MAP)
  const child = spawn(
    inject('nativeProgram'),
    ['layer', 'apply', '--target', target, '--id-map', map, ...(squash ? ['--squash'] : [])],
    { uid: user.uid, gid: user.gid, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  let line = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    line += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(archive)
  await new Promise((resolve) => child.on('close', resolve))
  return { target, report: JSON.parse(line) as NativeReport }
}

const applyEntries = (entries: ArchiveEntry[], squash = false) =>
  apply(makeArchive(entries), squash)

/** The owner inside the map. */
function ownerOf(path: string): [number, number] {
  const { uid, gid } = lstatSync(path)
  const inside = (id: number, own: number) => (id === own ? 0 : id - firstSubuid + 1)
  return [inside(uid, user.uid), inside(gid, user.gid)]
}

const attributesOf = (path: string): string =>
  execFileSync('getfattr', ['--absolute-names', '-d', '-m', '-', path], { encoding: 'utf8' })

describe('streams', () => {
  const plain = makeArchive([{ path: 'a', data: 'x'.repeat(100_000) }])
  const diffId = `sha256:${createHash('sha256').update(plain).digest('hex')}`

  test.each([
    ['plain', plain],
    ['gzip', gzipSync(plain)],
    ['zstd', zstdCompressSync(plain)],
    [
      'gzip of two members',
      Buffer.concat([gzipSync(plain.subarray(0, 5000)), gzipSync(plain.subarray(5000))]),
    ],
  ])('%s: the diffID is that of the uncompressed stream', async (_, archive) => {
    const { report } = await apply(archive)
    expect(report).toEqual({ event: 'applied', diffId, bytes: 100_000, entries: 1 })
  })

  const gzip = gzipSync(plain)
  const zstd = zstdCompressSync(plain)
  test.each([
    ['a cut off archive', plain.subarray(0, 50_000)],
    ['a cut off gzip stream', gzip.subarray(0, gzip.length - 20)],
    ['garbage behind a gzip stream', Buffer.concat([gzip, Buffer.from('garbage')])],
    ['a cut off zstd stream', zstd.subarray(0, zstd.length - 6)],
    ['garbage behind a zstd stream', Buffer.concat([zstd, Buffer.from('garbage')])],
    ['no archive', Buffer.from('hello '.repeat(1000))],
    ['nothing', Buffer.alloc(0)],
  ])('%s is bad input', async (_, archive) => {
    const { report } = await apply(archive)
    expect(report).toMatchObject({ event: 'failed', kind: 'bad-input' })
  })
})

describe('hostile names', () => {
  test.each<[string, ArchiveEntry[]]>([
    ['..', [{ path: '../../evil', data: 'x' }]],
    ['.. inside', [{ path: 'a/../../evil', data: 'x' }]],
    [
      'a hard link that leads out',
      [{ path: 'x', type: 'Link', linkpath: '../../../../etc/passwd' }],
    ],
    ['a hard link to a file of the host', [{ path: 'x', type: 'Link', linkpath: '/etc/passwd' }]],
    [
      'a hard link to a directory',
      [
        { path: 'd', type: 'Directory' },
        { path: 'x', type: 'Link', linkpath: 'd' },
      ],
    ],
    ['a whiteout of nothing', [{ path: '.wh.' }]],
    ['a whiteout of ..', [{ path: 'a/.wh...' }]],
    ['a mark used as directory', [{ path: '.wh.a/b', data: 'x' }]],
    [
      'a link to a mark on the way',
      [
        { path: 'l', type: 'SymbolicLink', linkpath: '.wh.a' },
        { path: 'l/x', data: 'x' },
      ],
    ],
    ['an attribute without a name', [{ path: 'f', xattrs: { 'user.': 'x' } }]],
    ['an attribute with a long name', [{ path: 'f', xattrs: { [`user.${'n'.repeat(300)}`]: '' } }]],
    ['a capability that is none', [{ path: 'f', xattrs: { 'security.capability': 'x' } }]],
    ['an owner beyond any id', [{ path: 'f', uid: 99_999_999_999 }]],
    ['too long a name', [{ path: 'n'.repeat(300), data: 'x' }]],
    ['too long a path', [{ path: `${'d/'.repeat(2100)}f`, data: 'x' }]],
  ])('%s is refused', async (_, entries) => {
    const { report } = await applyEntries(entries)
    expect(report).toMatchObject({ event: 'failed', kind: 'bad-input' })
  })

  test('an attribute too large for the file system is no full disk', async () => {
    const xattrs = { 'user.large': 'x'.repeat(60_000) }
    const { report } = await applyEntries([{ path: 'f', xattrs }])
    if (report.event !== 'applied')
      expect(report).toMatchObject({ event: 'failed', kind: 'bad-input' })
  })

  test('what is wrong is said in one line', async () => {
    const { report } = await applyEntries([{ path: 'two\nlines/../../x', data: 'x' }])
    expect(report).toMatchObject({
      message: "the layer's entry 'two?lines/../../x' leads out of the layer",
    })
  })

  test('an absolute name counts from the root of the layer', async () => {
    const { target } = await applyEntries([{ path: '/etc/absolute', data: 'inside' }])
    expect(readFileSync(join(target, 'etc/absolute'), 'utf8')).toBe('inside')
  })

  test.each(['', '../../../../../../../../..'])(
    'a link to %s/… of the host on the way stays inside',
    async (prefix) => {
      const outside = mkdtempSync(join(work, 'outside-'))
      chownSync(outside, user.uid, user.gid)
      const { target, report } = await applyEntries([
        { path: 'way', type: 'SymbolicLink', linkpath: `${prefix}${outside}` },
        { path: 'way/file', data: 'evil' },
      ])
      expect(report.event).toBe('applied')
      expect(readdirSync(outside)).toEqual([])
      expect(readFileSync(join(target, outside, 'file'), 'utf8')).toBe('evil')
      expect(readlinkSync(join(target, 'way'))).toBe(`${prefix}${outside}`)
    },
  )

  test('names are bytes: two normal forms of one letter are two files', async () => {
    const { target } = await applyEntries([
      { path: 'e\u0301', data: 'decomposed' },
      { path: '\u00e9', data: 'composed' },
    ])
    expect(readdirSync(target).toSorted()).toEqual(['e\u0301', '\u00e9'])
  })
})

describe('files', () => {
  test('owners, modes and times', async () => {
    const { target } = await applyEntries([
      { path: './', type: 'Directory', mode: 0o711, uid: 3, gid: 4 },
      { path: 'suid', mode: 0o4755, gid: 5, data: 'x' },
      { path: 'sticky/', type: 'Directory', mode: 0o1777 },
      { path: 'sticky/file', uid: 65_534, gid: 65_534, data: 'x' },
      { path: 'closed/', type: 'Directory', mode: 0 },
      { path: 'closed/file', mode: 0, data: 'x' },
      { path: 'link', type: 'SymbolicLink', linkpath: 'nowhere', uid: 7, gid: 8 },
      { path: 'fifo', type: 'FIFO', mode: 0o620 },
    ])
    const modeOf = (name: string) => lstatSync(join(target, name)).mode & 0o7777
    expect(ownerOf(target)).toEqual([3, 4])
    expect(modeOf('.')).toBe(0o711)
    expect([modeOf('suid'), ownerOf(join(target, 'suid'))]).toEqual([0o4755, [0, 5]])
    expect(modeOf('sticky')).toBe(0o1777)
    expect(ownerOf(join(target, 'sticky/file'))).toEqual([65_534, 65_534])
    expect([modeOf('closed'), modeOf('closed/file')]).toEqual([0, 0])
    expect(ownerOf(join(target, 'link'))).toEqual([7, 8])
    expect([lstatSync(join(target, 'fifo')).isFIFO(), modeOf('fifo')]).toEqual([true, 0o620])
    for (const name of ['.', 'suid', 'sticky', 'closed', 'link'])
      expect(lstatSync(join(target, name)).mtimeMs).toBe(1_000_000_000_000)
  })

  test('a later entry replaces an earlier one', async () => {
    const { target, report } = await applyEntries([
      { path: 'a/', type: 'Directory' },
      { path: 'a/inner', data: '1' },
      { path: 'a', data: 'a file now' },
      { path: 'b', data: '1' },
      { path: 'b/', type: 'Directory', mode: 0o700 },
      { path: 'b/inner', data: '2' },
      { path: 'l', type: 'SymbolicLink', linkpath: 'b' },
      { path: 'l/through', data: '3' },
      { path: 'l', data: 'no link any more' },
      { path: 'h', type: 'Link', linkpath: 'l' },
      { path: 'b/', type: 'Directory', mode: 0o711 },
    ])
    expect(report.event).toBe('applied')
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('a file now')
    expect(readdirSync(join(target, 'b')).toSorted()).toEqual(['inner', 'through'])
    expect(lstatSync(join(target, 'b')).mode & 0o777).toBe(0o711)
    expect(lstatSync(join(target, 'h')).nlink).toBe(2)
  })

  test('whiteouts become overlay marks', async () => {
    const { target } = await applyEntries([
      { path: 'a/.wh.gone' },
      { path: 'b/.wh..wh..opq' },
      { path: 'c/', type: 'Directory' },
      { path: '.wh.c' },
      { path: '.wh.d' },
      { path: 'd/', type: 'Directory' },
      { path: '.wh..wh.plnk/', type: 'Directory' },
    ])
    const gone = lstatSync(join(target, 'a/gone'))
    expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0])
    for (const name of ['b', 'c', 'd'])
      expect(attributesOf(join(target, name))).toContain('user.overlay.opaque="y"')
    expect(readdirSync(target).toSorted()).toEqual(['a', 'b', 'c', 'd'])
  })

  test('devices are left out, marks cannot be forged', async () => {
    const { target, report } = await applyEntries([
      { path: 'sda', type: 'BlockDevice', device: [8, 0] },
      { path: 'whiteout', type: 'CharacterDevice', device: [0, 0] },
      {
        path: 'd/',
        type: 'Directory',
        xattrs: {
          'user.overlay.opaque': 'y',
          'user.fuseoverlayfs.opaque': 'y',
          'trusted.overlay.opaque': 'y',
          'user.lighter.owner': '0:0:0',
          'user.kept': 'yes',
        },
      },
    ])
    expect(report.event).toBe('applied')
    expect(readdirSync(target)).toEqual(['d'])
    const attributes = attributesOf(join(target, 'd'))
    expect(attributes).toContain('user.kept="yes"')
    expect(attributes).not.toMatch(/user\.(overlay|fuseoverlayfs|lighter)|trusted/)
  })

  test('an id outside the range is named with the range it takes', async () => {
    const { report } = await applyEntries([{ path: 'f', uid: 205_001, data: 'x' }])
    expect(report).toMatchObject({ event: 'failed' })
    if (report.event === 'failed') expect(report.message).toMatch(/205001.*not in your range/)
  })

  test('with a single id the owner is kept in an attribute', async () => {
    const { target, report } = await applyEntries(
      [
        { path: 'f', uid: 205_001, gid: 7, mode: 0o640, data: 'x' },
        { path: 'own', data: 'x' },
      ],
      true,
    )
    expect(report.event).toBe('applied')
    expect(lstatSync(join(target, 'f')).uid).toBe(user.uid)
    expect(attributesOf(join(target, 'f'))).toContain('user.lighter.owner="205001:7:640"')
    expect(attributesOf(join(target, 'own'))).toBe('')
  })

  test('its tree is placed on its own by file systems that keep directories together', async () => {
    const { target, report } = await applyEntries([{ path: 'f', data: 'x' }])
    expect(report.event).toBe('applied')
    expect(lstatSync(target).mode & 0o7777).toBe(0o755)
    expect(readdirSync(join(target, '..'))).toEqual(['fs'])
    const like = mkdtempSync(join(work, 'like-'))
    spawnSync('chattr', ['+T', like])
    const flags = (path: string) =>
      spawnSync('lsattr', ['-d', path]).stdout.toString().split(' ')[0]
    expect(flags(join(target, '..'))).toBe(flags(like))
  })

  test('a target that is there is left as it is', async () => {
    const draft = mkdtempSync(join(work, 'there-'))
    const target = join(draft, 'fs')
    mkdirSync(target)
    for (const path of [draft, target]) chownSync(path, user.uid, user.gid)
    const { stdout } = spawnSync(
      inject('nativeProgram'),
      ['layer', 'apply', '--target', target, '--id-map', JSON.stringify(FULL_MAP)],
      { uid: user.uid, gid: user.gid, input: makeArchive([{ path: 'f', data: 'x' }]) },
    )
    expect(JSON.parse(stdout.toString())).toMatchObject({ event: 'failed' })
    expect(readdirSync(target)).toEqual([])
  })

  test('a full disk is no-space', async () => {
    const small = mkdtempSync(join(work, 'small-'))
    const options = `size=1m,uid=${user.uid},gid=${user.gid}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', small])
    try {
      const child = spawn(
        inject('nativeProgram'),
        ['layer', 'apply', '--target', join(small, 'fs'), '--id-map', JSON.stringify(FULL_MAP)],
        { uid: user.uid, gid: user.gid, stdio: ['pipe', 'pipe', 'inherit'] },
      )
      child.stdin.on('error', () => {})
      child.stdin.end(makeArchive([{ path: 'big', data: Buffer.alloc(3_000_000, 1) }]))
      const chunks: Buffer[] = []
      for await (const chunk of child.stdout) chunks.push(chunk)
      expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({
        event: 'failed',
        kind: 'no-space',
      })
    } finally {
      execFileSync('umount', [small])
    }
  })
})

test('remove takes trees of subordinate ids away', async () => {
  const { target } = await applyEntries([
    { path: 'd/', type: 'Directory', mode: 0, uid: 5, gid: 5 },
    { path: 'd/f', uid: 6, data: 'x' },
    { path: 'out', type: 'SymbolicLink', linkpath: '/etc' },
    { path: 'd/e/f/g/', type: 'Directory', mode: 0, uid: 9 },
  ])
  execFileSync(
    inject('nativeProgram'),
    ['remove', '--id-map', JSON.stringify(FULL_MAP), '--', target],
    { uid: user.uid, gid: user.gid },
  )
  expect(existsSync(target)).toBe(false)
  expect(existsSync('/etc/passwd')).toBe(true)
})

test('a large tree is removed by several processes, whatever its directories allow', async () => {
  const folders = Array.from({ length: 30 }, (_, index): ArchiveEntry[] => [
    { path: `d/${index}/`, type: 'Directory', mode: index % 3 === 0 ? 0 : 0o755, uid: index },
    ...Array.from(
      { length: 100 },
      (_, file): ArchiveEntry =>
        file % 10 === 0
          ? { path: `d/${index}/${file}`, type: 'SymbolicLink', linkpath: '/etc/passwd' }
          : { path: `d/${index}/${file}`, uid: file, data: 'x' },
    ),
  ])
  const { target } = await applyEntries(folders.flat())
  execFileSync(
    inject('nativeProgram'),
    ['remove', '--id-map', JSON.stringify(FULL_MAP), '--', target],
    { uid: user.uid, gid: user.gid },
  )
  expect(existsSync(target)).toBe(false)
  expect(existsSync('/etc/passwd')).toBe(true)
})
