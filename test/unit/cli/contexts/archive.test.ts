import { buffer } from 'node:stream/consumers'
import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { packContext, unpackContext } from '../../../../cli/contexts/archive.ts'
import { MAX_BYTES } from '../../../../cli/contexts/limited.ts'
import { type ArchiveMember, archiveBytes } from '../../../../lib/image/archive-writer.ts'
import { type ZipMember, zipOf } from './zip-of.ts'

const META = '{"Name":"n","Metadata":{"Description":"d"},"Endpoints":{"docker":{"Host":"tcp://a"}}}'

async function tarOf(files: ZipMember[]): Promise<Buffer> {
  const members = files.map(
    ({ name, text }): ArchiveMember => ({ name, kind: 'document', bytes: Buffer.from(text) }),
  )
  return await buffer(archiveBytes(members))
}
const meta = (text = META): ZipMember => ({ name: 'meta.json', text })
const unpack = (archive: Buffer, isCut = false) => unpackContext(archive, isCut)
const KINDS: [string, (files: ZipMember[]) => Buffer | Promise<Buffer>][] = [
  ['tar', tarOf],
  ['zip', (files) => zipOf(files)],
  ['zip of stored files', (files) => zipOf(files, false)],
]

test('what is packed is what is unpacked, with long names, too', async () => {
  const file = `${'k'.repeat(120)}.pem`
  const content = {
    metadata: { Description: '<é>' },
    endpoints: { docker: { Host: 'tcp://a', SkipTLSVerify: true } },
    tls: new Map([
      [
        'docker',
        new Map([
          ['ca.pem', Buffer.from('a')],
          [file, Buffer.alloc(1000, 7)],
        ]),
      ],
    ]),
  }
  expect(await unpack(await packContext('n', content))).toEqual(content)
})

test.each(KINDS)('%s: files are found wherever they are', async (_kind, make) => {
  const archive = await make([
    { name: 'tls/docker/ca.pem', text: 'first' },
    meta(),
    { name: 'tls/docker/ca.pem', text: 'last' },
    { name: 'tls/other/x', text: '' },
  ])
  expect(await unpack(archive)).toEqual({
    metadata: { Description: 'd' },
    endpoints: { docker: { Host: 'tcp://a' } },
    tls: new Map([
      ['docker', new Map([['ca.pem', Buffer.from('last')]])],
      ['other', new Map([['x', Buffer.alloc(0)]])],
    ]),
  })
})

test.each(KINDS)(
  '%s: what would be elsewhere is refused in Docker’s words',
  async (_kind, make) => {
    const table = {
      '../x': 'unexpected context file',
      '/etc/x': 'unexpected context file',
      tls: 'unexpected context file',
      './meta.json': 'unexpected context file',
      'tls/../x': 'unexpected path format',
      'tls/docker/../../x': 'unexpected path format',
      'tls//a': 'unexpected path format',
      'tls/docker/..': 'unexpected path format',
      'tls/docker/a\\b': "unexpected '\\' in path",
    }
    for (const [name, reason] of Object.entries(table)) {
      await expect(unpack(await make([meta(), { name, text: 'x' }])), name).rejects.toThrow(
        `${name}: ${reason}`,
      )
    }
    for (const name of ['tls/a', 'tls/docker/a/b', `tls/docker/${'x'.repeat(256)}`]) {
      await expect(unpack(await make([meta(), { name, text: 'x' }])), name).rejects.toThrow(
        'archive format is invalid',
      )
    }
  },
)

test.each(KINDS)('%s: documents that are none', async (_kind, make) => {
  const json = 'json: cannot unmarshal'
  const table: Record<string, string> = {
    '': 'unexpected end of JSON input',
    '{': 'unexpected end of JSON input',
    data: "invalid character 'd' looking for beginning of value",
    '[]': `${json} array into Go value of type store.Metadata`,
    '1': `${json} number into Go value of type store.Metadata`,
    '{"Name":5}': `${json} number into Go struct field Metadata.Name of type string`,
    '{"Endpoints":5}': `${json} number into Go struct field Metadata.Endpoints of type map[string]interface {}`,
  }
  for (const [text, reason] of Object.entries(table)) {
    await expect(unpack(await make([meta(text)])), text).rejects.toThrow(reason)
  }
  await expect(unpack(await make([{ name: 'tls/docker/x', text: '' }]))).rejects.toThrow(
    'invalid context: no metadata found',
  )
  expect(await unpack(await make([meta('null')]))).toMatchObject({ endpoints: undefined })
  expect(await unpack(await make([meta('{"endpoints":{"docker":5}}')]))).toMatchObject({
    endpoints: { docker: 5 },
  })
})

test('links and other members that are no files are left out', async () => {
  const archive = await tarOf([meta(), { name: 'tls/docker/evil', text: '' }])
  // The second header's type, its link, and its sum.
  const at = 1024
  archive.write('2x', at + 156, 'latin1')
  const more = '2'.charCodeAt(0) - '0'.charCodeAt(0) + 'x'.charCodeAt(0)
  const sum = Number.parseInt(archive.toString('latin1', at + 148, at + 154), 8) + more
  archive.write(sum.toString(8).padStart(6, '0'), at + 148, 'latin1')
  expect((await unpack(archive)).tls.size).toBe(0)
  const link = { name: 'tls/docker/l', text: 'x', mode: 0o120777 }
  expect((await unpack(zipOf([meta(), link]))).tls.size).toBe(0)
})

test('an archive that ends behind its last byte, as Docker’s do, and one that ends before', async () => {
  const archive = await tarOf([meta()])
  const whole = 512 + META.length
  expect((await unpack(archive.subarray(0, whole))).metadata).toEqual({ Description: 'd' })
  await expect(unpack(archive.subarray(0, whole - 1))).rejects.toThrow('unexpected EOF')
  await expect(unpack(archive.subarray(0, 100))).rejects.toThrow('unexpected EOF')
  await expect(unpack(Buffer.from('x'.repeat(2000)))).rejects.toThrow(
    'archive/tar: invalid tar header',
  )
  await expect(unpack(Buffer.alloc(0))).rejects.toThrow('no metadata found')
  const zip = zipOf([meta()])
  await expect(unpack(zip.subarray(0, 100))).rejects.toThrow('zip: not a valid zip file')
  expect((await unpack(Buffer.concat([zip, Buffer.from('trailing')]))).tls.size).toBe(0)
})

test('no archive is held that is larger than Docker reads, nor one that grows', async () => {
  const large = { name: 'tls/docker/large', text: 'x'.repeat(MAX_BYTES + 1) }
  await expect(unpack((await tarOf([meta(), large])).subarray(0, MAX_BYTES), true)).rejects.toThrow(
    'read exceeds the defined limit',
  )
  await expect(unpack(zipOf([meta(), large]))).rejects.toThrow('read exceeds the defined limit')
  // Together they may have as much.
  const half = 'x'.repeat(MAX_BYTES / 2)
  const halves = [1, 2, 3].map((index) => ({ name: `tls/docker/${index}`, text: half }))
  await expect(unpack(zipOf([meta(), ...halves]))).rejects.toThrow('read exceeds the defined limit')
  await expect(unpack(zipOf([meta()]), true)).rejects.toThrow('read exceeds the defined limit')
  expect(
    (await unpack(Buffer.concat([await tarOf([meta()]), Buffer.alloc(100)]), true)).tls.size,
  ).toBe(0)
})

test('a zip archive that is damaged', async () => {
  const packed = deflateRawSync(META)
  const zip = zipOf([meta()])
  const at = zip.indexOf(packed)
  const broken = Buffer.from(zip)
  broken.writeUInt8((broken[at + 5] ?? 0) ^ 0xff, at + 5)
  await expect(unpack(broken)).rejects.toThrow(/^(flate: corrupt input|zip: checksum error)$/)
  const otherMethod = Buffer.from(zip)
  otherMethod.writeUInt16LE(12, zip.lastIndexOf('PK\x01\x02') + 10)
  await expect(unpack(otherMethod)).rejects.toThrow('zip: unsupported compression algorithm')
  const farAway = Buffer.from(zip)
  farAway.writeUInt32LE(0xffffffff, zip.lastIndexOf('PK\x01\x02') + 42)
  await expect(unpack(farAway)).rejects.toThrow('zip: not a valid zip file')
})
