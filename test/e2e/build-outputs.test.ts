import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildOutputs, raw } from '../helpers/output-builds.ts'

const { world, own, context, build, built, said } = buildOutputs('build-outputs')

describe('an image of the store', () => {
  test('has all its names; the one that a name had before stays without one', async () => {
    await built(['-t', 'named:1', '-t', 'also', context()])
    const id = await said('inspect', '-f', '{{.Id}}', 'named:1')
    expect(await said('inspect', '-f', '{{.Id}}', 'also')).toBe(id)
    await built(['-t', 'named:1', '--label', 'other=1', context()])
    expect(await said('inspect', '-f', '{{.Id}}', 'named:1')).not.toBe(id)
    await built(['-t', 'also', '--label', 'other=1', context()])
    const dangling = await said('images', '--no-trunc', '-q', '-f', 'dangling=true')
    expect(dangling.split('\n')).toContain(id)
  })

  test('is the same one when nothing has changed, in both files about it', async () => {
    const [iid, metadata] = [join(world.home, 'iid'), join(world.home, 'metadata')]
    await built(['-t', 'same', context()])
    const id = await said('inspect', '-f', '{{.Id}}', 'same')
    await built(['-t', 'same', '--iidfile', iid, '--metadata-file', metadata, context()])
    expect(readFileSync(iid, 'utf8')).toBe(id)
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({
      'containerimage.config.digest': id,
      'containerimage.digest': id,
      'image.name': expect.stringMatching('^docker.io/library/same'),
    })
  })

  test('is recorded as an event of each name', async () => {
    await built(['-t', 'event:1', '-t', 'event:2', context()])
    const filters = ['--filter', 'event=tag', '--filter', 'image=event']
    const text = await said('events', '--since', '1h', '--until', '0s', ...filters)
    expect(text).toMatch(/image tag sha256:[0-9a-f]{64} \(about=<&>, name=event:1/)
    expect(text).toMatch(/image tag sha256:[0-9a-f]{64} \(about=<&>, name=event:2/)
  })

  test('goes to a registry compressed; the second push uploads nothing', async () => {
    await built(['-t', `${own}/pushed`, '-t', 'pushed', context()])
    const first = await said('push', `${own}/pushed`)
    expect(first).toMatch(/: Pushed$/m)
    const manifest = JSON.parse(raw(`${own}/pushed`))
    expect(
      new Set(manifest.layers.map(({ mediaType }: { mediaType: string }) => mediaType)),
    ).toEqual(new Set(['application/vnd.oci.image.layer.v1.tar+gzip']))
    const digest = /digest: (sha256:\S+)/.exec(first)?.[1]
    const second = await said('push', `${own}/pushed`)
    expect(second).not.toMatch(/: (Pushed|Mounted)/)
    expect(second).toContain(`digest: ${digest}`)
    expect(await said('inspect', '-f', '{{json .RepoDigests}}', 'pushed')).toBe(
      JSON.stringify([`${own}/pushed@${digest}`]),
    )
    await built(['-t', `${own}/pushed`, context()])
    expect(await said('push', `${own}/pushed`)).toContain(`digest: ${digest}`)
  })

  test.each([
    [['--platform', 'linux/amd64,linux/arm64'], /several platforms cannot be kept/],
    [['--provenance=true'], /attestations cannot be kept/],
    [['--sbom=true'], /a bill of materials is made by a scanner/],
    [['--annotation', 'index:a=b'], /index annotations not supported for single platform export/],
    [['--push'], /tag is needed when pushing to registry/],
    [['-o', 'type=bogus'], /exporter "bogus" could not be found/],
    [['-o', 'type=local'], /dest is required for local exporter/],
    [['-o', 'type=local,dest=-'], /dest cannot be stdout for local exporter/],
    [['-o', 'a,b'], /invalid value a$/m],
    [['-o', 'type=oci,dest=/tmp'], /destination file \/tmp is a directory/],
    [['-o', 'type=local,dest=/etc/passwd'], /destination directory \/etc\/passwd is a file/],
    [['-o', 'type=oci,dest=x.tar,compression=lzma'], /unsupported compression type lzma/],
    [['--cache-to', 'type=gha'], /cache type gha is not supported/],
    [['--cache-to', 'type=local'], /local cache exporter requires dest/],
  ])('%j is refused before anything is built', async (args, reason) => {
    const outcome = await build([...args, context()])
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(reason) })
    expect(outcome.stderr).not.toContain('RUN echo')
  })
})

describe('a registry', () => {
  test('gets the image with its provenance; the store has it as after a pull', async () => {
    await built(['-t', `${own}/direct:1`, '-t', `${own}/other`, '--push', context()])
    const index = JSON.parse(raw(`${own}/direct:1`))
    expect(index.manifests).toHaveLength(2)
    expect(raw(`${own}/other`)).toBe(raw(`${own}/direct:1`))
    const digests = await said('inspect', '-f', '{{json .RepoDigests}}', `${own}/direct:1`)
    expect(digests).toContain(`${own}/direct@sha256:`)
    expect(await said('system', 'check')).toMatch(/0 damaged/)
  })

  test('gets several platforms under one name', async () => {
    const options = [
      '--platform',
      'linux/amd64,linux/arm64',
      '-f',
      join(context(), 'Dockerfile.scratch'),
    ]
    await built([
      ...options,
      '--provenance=false',
      '-o',
      `type=registry,name=${own}/multi`,
      context(),
    ])
    const { mediaType, manifests } = JSON.parse(raw(`${own}/multi`))
    expect(mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json')
    expect(manifests).toHaveLength(2)
  })

  test('gets a manifest by its digest alone', async () => {
    const metadata = join(world.home, 'by-digest')
    const output = `type=image,name=${own}/digest,push=true,push-by-digest=true,name-canonical=true`
    await built(['--provenance=false', '-o', output, '--metadata-file', metadata, context()])
    const digest = JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest']
    expect(JSON.parse(raw(`${own}/digest@${digest}`))).toMatchObject({ schemaVersion: 2 })
    expect(() => raw(`${own}/digest`)).toThrow()
    const tagged = `type=image,name=${own}/digest:1,push=true,push-by-digest=true`
    expect(await build(['-o', tagged, context()])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("can't push tagged ref"),
    })
  })

  test('that is not there is told of, and the store is as before', async () => {
    const before = await said('images', '-aq')
    const { exitCode, stderr } = await build(['-t', '127.0.0.1:1/x', '--push', context()])
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('connection refused'),
    })
    expect(await said('images', '-aq')).toBe(before)
  })
})
