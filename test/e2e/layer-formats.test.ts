import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { digestOf, MANIFEST, type Served } from '../fixtures/bad-images.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { type BadRegistry, startBadRegistry } from '../helpers/bad-registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const LAYER = 'application/vnd.oci.image.layer.v1.tar'
const PIECE = 100_000

const archive = makeArchive([
  { path: 'text', data: 'the same again\n'.repeat(20_000) },
  { path: 'noise', data: randomBytes(700_000) },
  { path: 'last', data: 'the end\n' },
])

const pieces = Array.from({ length: Math.ceil(archive.length / PIECE) }, (_, index) =>
  archive.subarray(index * PIECE, (index + 1) * PIECE),
)

/** What a program of the host makes of the archive. */
function by(program: string, ...args: string[]): Buffer {
  const file = join(mkdtempSync(join(inject('work'), 'packed-')), 'archive')
  writeFileSync(file, archive)
  return execFileSync(program, [...args, file], { maxBuffer: 64 * 1024 * 1024 })
}

/** A frame that decoders pass over: where zstd:chunked has its table of contents. */
function skippable(kind: number, content: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32LE(0x184d2a50 + kind)
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content])
}

/** A member with an extra field, as at the end of an estargz layer, which says where its table of contents is. */
function memberWithExtra(data: Buffer, extra: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16LE(extra.length)
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(crc32(data))
  tail.writeUInt32LE(data.length, 4)
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255])
  return Buffer.concat([head, length, extra, deflateRawSync(data), tail])
}

const footer = memberWithExtra(
  Buffer.alloc(0),
  Buffer.from('SG\x16\x000000000000000000STARGZ', 'latin1'),
)
const toc = Buffer.from('{"version":1,"entries":[]}')

/** One archive in all its wrappings: its digest is the same, so what comes in was read right. */
const FORMATS: [name: string, type: string, blob: () => Buffer][] = [
  ['uncompressed', '', () => archive],
  ['gzip', '+gzip', () => gzipSync(archive)],
  // As Docker on Linux: the registry is asked for them, and nobody else.
  ['foreign', 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', () => gzipSync(archive)],
  [
    'not distributable',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    () => gzipSync(archive),
  ],
  ['gzip of another program', '+gzip', () => by('gzip', '-9', '-c')],
  ['gzip of many members', '+gzip', () => Buffer.concat(pieces.map((piece) => gzipSync(piece)))],
  [
    'gzip with empty members',
    '+gzip',
    () => Buffer.concat(pieces.flatMap((piece) => [gzipSync(''), gzipSync(piece), gzipSync('')])),
  ],
  [
    'estargz',
    '+gzip',
    () =>
      Buffer.concat([...pieces.map((piece) => memberWithExtra(piece, Buffer.alloc(0))), footer]),
  ],
  ['zstd', '+zstd', () => zstdCompressSync(archive)],
  ['zstd of another program', '+zstd', () => by('zstd', '-19', '-c', '-q')],
  ['zstd with a long window', '+zstd', () => by('zstd', '--long=27', '-c', '-q')],
  ['zstd of several threads', '+zstd', () => by('zstd', '-T2', '-B64K', '-c', '-q')],
  [
    'zstd of many frames',
    '+zstd',
    () => Buffer.concat(pieces.map((piece) => zstdCompressSync(piece))),
  ],
  [
    'zstd:chunked',
    '+zstd',
    () =>
      Buffer.concat([
        ...pieces.map((piece) => zstdCompressSync(piece)),
        skippable(0, zstdCompressSync(toc)),
        skippable(0, Buffer.alloc(40, 'x')),
      ]),
  ],
  [
    'zstd with frames to pass over everywhere',
    '+zstd',
    () =>
      Buffer.concat([
        skippable(3, randomBytes(300_000)),
        ...pieces.flatMap((piece) => [zstdCompressSync(piece), skippable(15, Buffer.alloc(0))]),
      ]),
  ],
]

let world: World
let registry: BadRegistry

beforeAll(async () => {
  const blobs = new Map<string, Buffer>()
  const put = (bytes: Buffer) => {
    blobs.set(digestOf(bytes), bytes)
    return { digest: digestOf(bytes), size: bytes.length }
  }
  const document = { architecture: 'amd64', os: 'linux', config: { Cmd: ['/text'] } }
  const rootfs = { type: 'layers', diff_ids: [digestOf(archive)] }
  const repositories: Record<string, Served> = {}
  for (const [index, [, type, blob]] of FORMATS.entries()) {
    const config = put(Buffer.from(JSON.stringify({ ...document, rootfs })))
    const mediaTypeOfLayer = type.startsWith('application/') ? type : LAYER + type
    const layers = [{ mediaType: mediaTypeOfLayer, ...put(blob()) }]
    const mediaType = 'application/vnd.oci.image.config.v1+json'
    repositories[`format-${index}`] = {
      body: JSON.stringify({
        ...{ schemaVersion: 2, mediaType: MANIFEST },
        ...{ config: { mediaType, ...config }, layers },
      }),
    }
  }
  registry = await startBadRegistry({ repositories, blobs })
})
afterAll(() => registry.stop())

test.each(FORMATS.map(([name], index) => [name, index] as const))('%s', async (_, index) => {
  world = makeWorld('formats')
  try {
    const image = `${registry.host}/format-${index}`
    expect(await world.lighter(['pull', '-q', image])).toMatchObject({ exitCode: 0, stderr: '' })
    await world.lighter(['create', '--name', 'box', image])
    const copied = await world.lighter(['cp', 'box:/noise', join(world.home, 'noise')])
    expect(copied.exitCode).toBe(0)
    const start = archive.indexOf(readFileSync(join(world.home, 'noise')))
    expect(start).toBeGreaterThan(0)
  } finally {
    await world.remove()
  }
})

test('what skopeo makes of it: zstd:chunked with a table of contents', async () => {
  world = makeWorld('formats')
  try {
    const layout = join(inject('work'), 'layout-chunked')
    writeImageLayout(layout, { layers: [archive], compression: 'none', config: { Cmd: ['/text'] } })
    const name = `${inject('registry')}/chunked-${process.pid}:latest`
    const options = ['--dest-tls-verify=false', '--dest-compress-format', 'zstd:chunked']
    execFileSync('skopeo', [
      ...['--insecure-policy', 'copy', '-q', ...options],
      ...[`oci:${layout}:latest`, `docker://${name}`],
    ])
    expect(await world.lighter(['pull', '-q', name])).toMatchObject({ exitCode: 0, stderr: '' })
    const text = execFileSync('skopeo', [
      'inspect',
      '--raw',
      '--tls-verify=false',
      `docker://${name}`,
    ])
    const [layer] = JSON.parse(text.toString()).layers
    expect(layer.mediaType).toBe(`${LAYER}+zstd`)
    expect(Object.keys(layer.annotations).join()).toMatch(/zstd-chunked\.manifest/)
  } finally {
    await world.remove()
  }
})
