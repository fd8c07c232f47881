import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { writeAttestedLayout } from '../fixtures/attested.ts'
import { makeImageLayouts } from '../fixtures/images.ts'
import { digestOf, raw } from '../helpers/skopeo.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Repositories of this test alone: other tests use the registry, too. */
const own = `imagetools-${process.pid}`
const registry = inject('registry')
const busybox = `${registry}/busybox:latest`
const multi = `${registry}/busybox:multi`
const attested = `${registry}/${own}/attested:latest`
const single = `${registry}/${own}/single:latest`
const artifact = `${registry}/${own}/artifact:latest`
const NOTHING = `sha256:${'0'.repeat(64)}`

let world: World

const imagetools = (...args: string[]) => world.lighter(['buildx', 'imagetools', ...args])

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await imagetools(...args)
  expect({ args, exitCode, stderr }).toMatchObject({ args, exitCode: 0 })
  return stdout
}

beforeAll(async () => {
  world = makeWorld('imagetools')
  const layout = mkdtempSync(join(inject('work'), 'attested-'))
  const { 'busybox-multi': images = '' } = makeImageLayouts(
    join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test'),
  )
  writeAttestedLayout(layout, images)
  for (const name of ['attested', 'single', 'artifact']) {
    const target = ['--dest-tls-verify=false', `docker://${registry}/${own}/${name}:latest`]
    execFileSync('skopeo', [
      ...['--insecure-policy', 'copy', '-q', '--all', `oci:${layout}:${name}`, ...target],
    ])
  }
})
afterAll(() => world.remove())

describe('inspect', () => {
  test('shows an image', async () => {
    expect(await said('inspect', `${registry}/busybox`)).toBe(
      `Name:      ${busybox}
MediaType: application/vnd.oci.image.manifest.v1+json
Digest:    ${digestOf(raw(busybox))}
`,
    )
    expect(await said('inspect', '--raw', busybox)).toBe(raw(busybox))
  })

  test('shows what an index lists, with annotations', async () => {
    const lines = (await said('inspect', attested)).split('\n')
    const { manifests } = JSON.parse(raw(attested))
    expect(lines.slice(0, 10)).toEqual([
      `Name:      ${attested}`,
      'MediaType: application/vnd.oci.image.index.v1+json',
      `Digest:    ${digestOf(raw(attested))}`,
      ' '.repeat(11),
      'Manifests: ',
      `  Name:        ${attested}@${manifests[0].digest}`,
      '  MediaType:   application/vnd.oci.image.manifest.v1+json',
      '  Platform:    linux/arm64',
      ' '.repeat(15),
      `  Name:        ${attested}@${manifests[1].digest}`,
    ])
    expect(lines.slice(-5)).toEqual([
      '  Platform:    unknown/unknown',
      '  Annotations: ',
      `    vnd.docker.reference.digest: ${manifests[1].digest}`,
      '    vnd.docker.reference.type:   attestation-manifest',
      '',
    ])
  })

  test.each([
    ['{{.Name}}', () => `${registry}/busybox:multi`],
    [
      '{{range $p, $i := .Image}}{{$p}}={{$i.OS}} {{end}}',
      () => 'linux/amd64=linux linux/arm64=linux ',
    ],
    ['{{(index .Image "linux/arm64").Architecture}}', () => 'arm64'],
    ['x{{.Manifest.Digest}}', () => `x${digestOf(raw(multi))}`],
    ['{{json .SBOM}} {{json .Provenance}}', () => '{} {}'],
  ])('%s of several platforms', async (format, text) => {
    expect(await said('inspect', '--format', format, multi)).toBe(text())
  })

  test.each([
    ['{{.Image.Config.Cmd}} {{.Image.Architecture}}', '[sh] amd64'],
    ['{{.Image.Created}} {{len .Image.History}}', '2024-01-01 00:00:00 +0000 UTC 2'],
    ['{{.SBOM}}{{.Provenance}}', '{<nil> []}{<nil>}'],
  ])('%s of one', async (format, text) => {
    expect(await said('inspect', '--format', format, busybox)).toBe(text)
  })

  test('json has the document of each platform, and the index with its digest', async () => {
    const whole = JSON.parse(await said('inspect', '--format', '{{json .}}', multi))
    const index = JSON.parse(raw(multi))
    expect(Object.keys(whole)).toEqual(['name', 'manifest', 'image'])
    expect(whole.manifest).toMatchObject({
      ...index,
      digest: digestOf(raw(multi)),
      size: raw(multi).length,
    })
    expect(Object.keys(whole.image)).toEqual(['linux/amd64', 'linux/arm64'])
    expect(whole.image['linux/arm64']).toMatchObject({
      architecture: 'arm64',
      config: { Cmd: ['sh'] },
    })
    const text = await said('inspect', '--format', '{{json .Manifest}}', busybox)
    expect(text.split('\n').slice(0, 2)).toEqual([
      '{',
      '  "mediaType": "application/vnd.oci.image.manifest.v1+json",',
    ])
  })

  test('attestations are those of the image they refer to', async () => {
    const bills = JSON.parse(await said('inspect', '--format', '{{json .SBOM}}', attested))
    expect(bills).toEqual({
      'linux/amd64': {
        SPDX: { name: 'bill <1>', count: 1.5, parts: [1, { a: null }] },
        AdditionalSPDXs: [{ name: 'another' }],
      },
      'linux/arm64': {
        SPDX: { name: 'bill <0>', count: 1.5, parts: [1, { a: null }] },
        AdditionalSPDXs: [{ name: 'another' }],
      },
    })
    const origins = '{{range $p, $o := .Provenance}}{{$p}}: {{$o.SLSA.buildType}} {{end}}'
    expect(await said('inspect', '--format', origins, attested)).toBe(
      'linux/amd64: made 1 linux/arm64: made 0 ',
    )
    const format = '{{.Provenance.SLSA.buildType}} {{.SBOM.SPDX.name}}'
    expect(await said('inspect', '--format', format, single)).toBe('made 0 bill <0>')
    expect(await said('inspect', '--format', '{{json .SBOM.SPDX.name}}', single)).toBe(
      String.raw`"bill \u003c0\u003e"`,
    )
  })

  test('what is no image is shown, too', async () => {
    expect(await said('inspect', '--format', '{{json .Image}}', artifact)).toContain('"os": ""')
  })

  test.each([
    [['--raw', '--format', 'x', busybox], 'format and raw cannot be used together'],
    [['--builder', 'nosuch', busybox], 'no builder "nosuch" found'],
    [[`${registry}/busybox:nosuch`], `${registry}/busybox:nosuch: not found`],
    [[`${registry}/nosuch`], `${registry}/nosuch:latest: not found`],
    [[`${registry}/busybox@${NOTHING}`], `${registry}/busybox@${NOTHING}: not found`],
    [['UPPER'], 'invalid reference format: repository name (library/UPPER) must be lowercase'],
    [['--format', '{{', busybox], 'template: :1: unclosed action'],
    [['--format', '{{upper .Name}}', busybox], 'template: :1: function "upper" not defined'],
    [
      ['--format', '{{.Nosuch}}', busybox],
      `template: :1:2: executing "" at <.Nosuch>: can't evaluate field Nosuch in type imagetools.tplInput`,
    ],
  ])('%j is refused', async (args, sentence) => {
    expect(await imagetools('inspect', ...args)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `ERROR: ${sentence}\n`,
    })
  })

  test('nobody is there', async () => {
    const { exitCode, stderr } = await imagetools('inspect', '127.0.0.1:9/x')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(
      /^ERROR: failed to do request: .*: dial tcp 127\.0\.0\.1:9: connect: connection refused\n$/,
    )
  })

  test('the builder may be named anywhere among the words', async () => {
    for (const words of [
      ['--builder', 'default', 'imagetools', 'inspect'],
      ['imagetools', '--builder=default', 'inspect'],
      ['--builder=nosuch', 'imagetools', '--builder', 'default', 'inspect'],
    ])
      expect(await world.lighter(['buildx', ...words, busybox])).toMatchObject({ exitCode: 0 })
    expect(
      await world.lighter(['buildx', '--builder=nosuch', 'imagetools', 'inspect', busybox]),
    ).toMatchObject({ exitCode: 1, stderr: 'ERROR: no builder "nosuch" found\n' })
  })

  test('what buildx has beside it is not taken for done', async () => {
    for (const words of [
      ['build', '.'],
      ['imagetools', 'nosuch'],
    ])
      expect((await world.lighter(['buildx', ...words])).exitCode).toBe(1)
    expect(await world.lighter(['buildx', 'imagetools'])).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
