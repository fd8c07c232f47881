import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { writeAs } from '../helpers/registries.ts'
import { makeWorld, type Outcome, type World } from '../helpers/world.ts'

const registry = inject('registry')
/** Repositories of this test alone: other tests use the registry, too. */
const own = `${registry}/outputs-${process.pid}`
const EPOCH = '1000000000'

let world: World
let context: string

/** Makes a context of these files, and returns its path. Below a directory of its own: the owner of all that is in it changes. */
function makeContext(name: string, files: Record<string, string>): string {
  const directory = join(world.home, name)
  for (const [path, text] of Object.entries(files)) writeAs(world.ids, join(directory, path), text)
  return directory
}

const build = (args: string[], env: Record<string, string> = {}): Promise<Outcome> =>
  world.lighter(['build', '--progress', 'plain', ...args], { env })

/** What a build says that must succeed. */
async function built(args: string[], env: Record<string, string> = {}): Promise<string> {
  const outcome = await build(args, env)
  expect({ args, ...outcome }).toMatchObject({ args, exitCode: 0 })
  return outcome.stderr
}

async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args)
  expect({ args, exitCode, stderr }).toMatchObject({ args, exitCode: 0 })
  return stdout.trimEnd()
}

/** What a registry has under a name, as bytes. */
const raw = (name: string): string =>
  execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`], {
    encoding: 'utf8',
  })

const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' })

const member = (archive: string, name: string) => JSON.parse(tar('xOf', archive, name))

beforeAll(async () => {
  world = makeWorld('build-outputs')
  await said('pull', '-q', `${registry}/busybox:latest`)
  context = makeContext('context', {
    Dockerfile: [
      `FROM ${registry}/busybox:latest`,
      'RUN echo made >/made && chmod 4755 /made',
      'COPY file /file',
      'LABEL about="<&>"',
      '',
    ].join('\n'),
    'Dockerfile.scratch': 'FROM scratch\nCOPY file /dir/file\nARG TARGETARCH\nENV A=$TARGETARCH\n',
    file: 'content\n',
  })
})
afterAll(() => world.remove())

describe('an image of the store', () => {
  test('has all its names; the one that a name had before stays without one', async () => {
    await built(['-t', 'named:1', '-t', 'also', context])
    const id = await said('inspect', '-f', '{{.Id}}', 'named:1')
    expect(await said('inspect', '-f', '{{.Id}}', 'also')).toBe(id)
    await built(['-t', 'named:1', '--label', 'other=1', context])
    expect(await said('inspect', '-f', '{{.Id}}', 'named:1')).not.toBe(id)
    await built(['-t', 'also', '--label', 'other=1', context])
    const dangling = await said('images', '--no-trunc', '-q', '-f', 'dangling=true')
    expect(dangling.split('\n')).toContain(id)
  })

  test('is the same one when nothing has changed, in both files about it', async () => {
    const [iid, metadata] = [join(world.home, 'iid'), join(world.home, 'metadata')]
    await built(['-t', 'same', context])
    const id = await said('inspect', '-f', '{{.Id}}', 'same')
    await built(['-t', 'same', '--iidfile', iid, '--metadata-file', metadata, context])
    expect(readFileSync(iid, 'utf8')).toBe(id)
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({
      'containerimage.config.digest': id,
      'containerimage.digest': id,
      'image.name': expect.stringMatching('^docker.io/library/same'),
    })
  })

  test('is recorded as an event of each name', async () => {
    await built(['-t', 'event:1', '-t', 'event:2', context])
    const filters = ['--filter', 'event=tag', '--filter', 'image=event']
    const text = await said('events', '--since', '1h', '--until', '0s', ...filters)
    expect(text).toMatch(/image tag sha256:[0-9a-f]{64} \(about=<&>, name=event:1/)
    expect(text).toMatch(/image tag sha256:[0-9a-f]{64} \(about=<&>, name=event:2/)
  })

  test('goes to a registry compressed; the second push uploads nothing', async () => {
    await built(['-t', `${own}/pushed`, '-t', 'pushed', context])
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
    await built(['-t', `${own}/pushed`, context])
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
    const outcome = await build([...args, context])
    expect(outcome).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(reason) })
    expect(outcome.stderr).not.toContain('RUN echo')
  })
})

describe('an archive', () => {
  test('of the OCI is a layout that others read', async () => {
    const file = join(world.home, 'oci.tar')
    await built(['-t', 'arch:1', '-o', `type=oci,dest=${file}`, context])
    const [entry] = member(file, 'index.json').manifests
    expect(entry).toMatchObject({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      annotations: {
        'io.containerd.image.name': 'docker.io/library/arch:1',
        'org.opencontainers.image.ref.name': '1',
      },
      platform: { architecture: 'amd64', os: 'linux' },
    })
    const config = JSON.parse(
      execFileSync('skopeo', ['inspect', '--config', `oci-archive:${file}`], { encoding: 'utf8' }),
    )
    expect(config.config.Labels).toMatchObject({ about: '<&>' })
    expect(await said('load', '-i', file)).toContain('Loaded image: arch:1')
  })

  test('of Docker can be loaded', async () => {
    const file = join(world.home, 'docker.tar')
    await built(['-t', 'arch:2', '-o', `type=docker,dest=${file}`, context])
    expect(member(file, 'manifest.json')).toMatchObject([{ RepoTags: ['arch:2'] }])
    expect(await said('load', '-i', file)).toContain('Loaded image: arch:2')
    expect(await said('run', '--rm', '--network', 'none', 'arch:2', 'cat', '/file')).toBe('content')
  })

  test('of several platforms has an index, with what says where it came from', async () => {
    const file = join(world.home, 'multi.tar')
    const platforms = ['--platform', 'linux/amd64,linux/arm64', '-f', 'Dockerfile.scratch']
    const options = [
      '--annotation',
      'a=b',
      '--annotation',
      'index:c=d',
      '-o',
      `type=oci,dest=${file}`,
    ]
    const outcome = await world.lighter(['build', ...platforms, ...options, '.'], { cwd: context })
    expect(outcome).toMatchObject({ exitCode: 0 })
    const [entry] = member(file, 'index.json').manifests
    const index = member(file, `blobs/sha256/${entry.digest.slice(7)}`)
    expect(index.annotations).toEqual({ c: 'd' })
    const [amd, arm, first, second] = index.manifests
    expect([amd.platform, arm.platform].map(({ architecture }) => architecture)).toEqual([
      'amd64',
      'arm64',
    ])
    for (const [image, attestation] of [
      [amd, first],
      [arm, second],
    ]) {
      expect(attestation).toMatchObject({
        platform: { architecture: 'unknown', os: 'unknown' },
        annotations: {
          'vnd.docker.reference.digest': image.digest,
          'vnd.docker.reference.type': 'attestation-manifest',
        },
      })
      const manifest = member(file, `blobs/sha256/${attestation.digest.slice(7)}`)
      const statement = member(file, `blobs/sha256/${manifest.layers[0].digest.slice(7)}`)
      expect(statement).toMatchObject({
        predicateType: 'https://slsa.dev/provenance/v0.2',
        predicate: { buildType: 'https://mobyproject.org/buildkit@v1' },
      })
    }
    expect(member(file, `blobs/sha256/${amd.digest.slice(7)}`).annotations).toEqual({ a: 'b' })
  })

  test.each(['uncompressed', 'gzip', 'zstd'])(
    'has layers in %s where that is wanted',
    async (kind) => {
      const file = join(world.home, `${kind}.tar`)
      const output = `type=oci,dest=${file},compression=${kind},force-compression=true`
      await built(['-o', output, context])
      const [entry] = member(file, 'index.json').manifests
      const { layers } = member(file, `blobs/sha256/${entry.digest.slice(7)}`)
      const end = kind === 'uncompressed' ? 'tar' : `tar+${kind}`
      for (const { mediaType } of layers)
        expect(mediaType).toBe(`application/vnd.oci.image.layer.v1.${end}`)
      execFileSync('skopeo', [
        '--insecure-policy',
        'copy',
        '-q',
        `oci-archive:${file}`,
        `dir:${file}.dir`,
      ])
    },
  )

  test('is the same twice, with its times clamped', async () => {
    const files = ['one.tar', 'two.tar'].map((name) => join(world.home, name))
    for (const file of files) {
      const output = `type=oci,dest=${file},rewrite-timestamp=true`
      await built(['--no-cache', '-o', output, context], { SOURCE_DATE_EPOCH: EPOCH })
    }
    const [one, two] = files.map((file) => readFileSync(file))
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true)
    const [entry] = member(files[0] ?? '', 'index.json').manifests
    const { layers } = member(files[0] ?? '', `blobs/sha256/${entry.digest.slice(7)}`)
    const blob = tar('xf', files[0] ?? '', '-C', world.home) // The blobs are looked at as files.
    expect(blob).toBe('')
    const last = join(world.home, 'blobs/sha256', layers.at(-1).digest.slice(7))
    expect(tar('tvzf', last, '--utc')).toContain('2001-09-09 01:46')
  })

  test('that cannot be written whole leaves the old one', async () => {
    const file = join(world.home, 'kept/image.tar')
    writeAs(world.ids, file, 'old')
    const broken = makeContext('broken', { Dockerfile: 'FROM scratch\nCOPY nothing /\n' })
    expect(await build(['-o', `type=oci,dest=${file}`, broken])).toMatchObject({ exitCode: 1 })
    expect(readFileSync(file, 'utf8')).toBe('old')
  })

  test('in place of an archive can be a directory, which keeps what else it has', async () => {
    const directory = join(world.home, 'layout')
    for (const name of ['lay:1', 'lay:2', 'lay:1'])
      await built(['-t', name, '-o', `type=oci,dest=${directory},tar=false`, context])
    const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))
    expect(manifests).toHaveLength(2)
    execFileSync('skopeo', ['inspect', `oci:${directory}:2`])
  })
})

describe('files', () => {
  test('of an image become those of the caller, without set-id bits', async () => {
    const directory = join(world.home, 'files')
    await built(['-o', directory, context])
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('content\n')
    const made = statSync(join(directory, 'made'))
    expect({ mode: made.mode & 0o7777, uid: made.uid }).toEqual({ mode: 0o755, uid: world.ids.uid })
  })

  test('take the places of files that are there, and follow no link', async () => {
    const directory = join(world.home, 'there')
    const outside = join(world.home, 'outside')
    for (const path of [directory, outside]) await world.run('mkdir', [path])
    writeAs(world.ids, join(directory, 'mine'), 'stays')
    writeAs(world.ids, join(outside, 'target'), 'untouched')
    await world.run('ln', ['-s', join(outside, 'target'), join(directory, 'file')])
    await built(['-o', directory, context])
    expect(readFileSync(join(directory, 'mine'), 'utf8')).toBe('stays')
    expect(lstatSync(join(directory, 'file')).isFile()).toBe(true)
    expect(readFileSync(join(outside, 'target'), 'utf8')).toBe('untouched')
    await world.run('rm', ['-r', join(directory, 'dir')])
    await world.run('ln', ['-s', outside, join(directory, 'dir')])
    const scratch = ['-f', join(context, 'Dockerfile.scratch'), '-o', directory, context]
    expect(await build(scratch)).toMatchObject({ exitCode: 1 })
    expect(readdirSync(outside)).toEqual(['target'])
  })

  test('of several platforms have folders', async () => {
    const directory = join(world.home, 'platforms')
    const options = [
      '--platform',
      'linux/amd64,linux/arm64',
      '-f',
      join(context, 'Dockerfile.scratch'),
    ]
    await built([...options, '--provenance=true', '-o', directory, context])
    expect(readdirSync(directory).sort()).toEqual(['linux_amd64', 'linux_arm64'])
    const statement = JSON.parse(
      readFileSync(join(directory, 'linux_arm64/provenance.json'), 'utf8'),
    )
    expect(statement.subject).toMatchObject([{ name: 'dir/file' }])
    const merged = `type=local,dest=${directory},platform-split=false`
    expect(await build([...options, '-o', merged, context])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        'cannot overwrite dir/file from linux/amd64 with linux/arm64 when split option is disabled',
      ),
    })
  })

  test('in an archive have the owners that they have in the image', async () => {
    const file = join(world.home, 'files.tar')
    await built(['-o', `type=tar,dest=${file}`, context])
    expect(tar('tvf', file)).toMatch(/^-rwsr-xr-x 0\/0 .* made$/m)
    const { stdout } = await world.lighter(['build', '-q', '-o', '-', context])
    expect(stdout).toContain('made')
    expect(await build(['-o', 'type=tar,dest=/dev/null', context])).toMatchObject({ exitCode: 0 })
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('and an image can come from one build', async () => {
    const directory = join(world.home, 'both')
    await built(['-t', 'both', '-o', directory, '-o', 'type=image', context])
    expect(existsSync(join(directory, 'file'))).toBe(true)
    expect(await said('images', '-q', 'both')).not.toBe('')
  })
})

describe('a registry', () => {
  test('gets the image with its provenance; the store has it as after a pull', async () => {
    await built(['-t', `${own}/direct:1`, '-t', `${own}/other`, '--push', context])
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
      join(context, 'Dockerfile.scratch'),
    ]
    await built([
      ...options,
      '--provenance=false',
      '-o',
      `type=registry,name=${own}/multi`,
      context,
    ])
    const { mediaType, manifests } = JSON.parse(raw(`${own}/multi`))
    expect(mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json')
    expect(manifests).toHaveLength(2)
  })

  test('gets a manifest by its digest alone', async () => {
    const metadata = join(world.home, 'by-digest')
    const output = `type=image,name=${own}/digest,push=true,push-by-digest=true,name-canonical=true`
    await built(['--provenance=false', '-o', output, '--metadata-file', metadata, context])
    const digest = JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest']
    expect(JSON.parse(raw(`${own}/digest@${digest}`))).toMatchObject({ schemaVersion: 2 })
    expect(() => raw(`${own}/digest`)).toThrow()
    const tagged = `type=image,name=${own}/digest:1,push=true,push-by-digest=true`
    expect(await build(['-o', tagged, context])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("can't push tagged ref"),
    })
  })

  test('that is not there is told of, and the store is as before', async () => {
    const before = await said('images', '-aq')
    const { exitCode, stderr } = await build(['-t', '127.0.0.1:1/x', '--push', context])
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('connection refused'),
    })
    expect(await said('images', '-aq')).toBe(before)
  })
})

describe('a cache', () => {
  /** Builds in a world that has never built before. */
  async function buildAnew(args: string[]): Promise<string> {
    const other = makeWorld('build-outputs-anew')
    try {
      const directory = join(other.home, 'context')
      mkdirSync(directory)
      for (const name of ['Dockerfile', 'file'])
        writeAs(other.ids, join(directory, name), readFileSync(join(context, name), 'utf8'))
      const outcome = await other.lighter(['build', '--progress', 'plain', ...args, directory])
      expect(outcome).toMatchObject({ exitCode: 0 })
      return outcome.stderr
    } finally {
      await other.remove()
    }
  }
  const CACHED = /\[2\/3\] RUN echo made.*\n#\d+ CACHED/

  test.each([
    ['', 'min'],
    [',image-manifest=true', 'max'],
  ])('in a registry%s spares others the steps (mode %s)', async (form, mode) => {
    const ref = `${own}/cache:${mode}`
    await built(['--cache-to', `type=registry,ref=${ref},mode=${mode}${form}`, context])
    expect(await buildAnew(['--cache-from', `type=registry,ref=${ref}`])).toMatch(CACHED)
    expect(await buildAnew(['--cache-from', ref])).toMatch(CACHED)
  })

  test('in a directory is an OCI layout, and spares the steps', async () => {
    const directory = join(world.home, 'cache')
    await built(['--cache-to', `type=local,dest=${directory},mode=max`, context])
    const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))
    expect(manifests).toMatchObject([
      { annotations: { 'org.opencontainers.image.ref.name': 'latest' } },
    ])
    expect(await buildAnew(['--cache-from', `type=local,src=${directory}`])).toMatch(CACHED)
  })

  test('in an image itself spares the steps', async () => {
    await built(['--cache-to', 'type=inline', '-t', `${own}/inline`, '--push', context])
    expect(await buildAnew(['--cache-from', `${own}/inline`])).toMatch(CACHED)
  })

  test('in an image itself, asked for by a build argument', async () => {
    const wish = ['--build-arg', 'BUILDKIT_INLINE_CACHE=1']
    await built([...wish, '-t', `${own}/wished`, '--push', context])
    expect(await buildAnew(['--cache-from', `${own}/wished`])).toMatch(CACHED)
  })

  test('that lies is not believed', async () => {
    const directory = join(world.home, 'lying')
    await built(['--cache-to', `type=local,dest=${directory},mode=max`, context])
    const blobs = join(directory, 'blobs/sha256')
    for (const name of readdirSync(blobs)) {
      if (readFileSync(join(blobs, name)).subarray(0, 1).toString() === '{') continue
      writeFileSync(join(blobs, name), 'other bytes')
    }
    const other = makeWorld('build-outputs-lie')
    try {
      writeAs(
        other.ids,
        join(other.home, 'c/Dockerfile'),
        readFileSync(join(context, 'Dockerfile'), 'utf8'),
      )
      writeAs(other.ids, join(other.home, 'c/file'), 'content\n')
      const from = ['--cache-from', `type=local,src=${directory}`]
      const run = ['build', '-t', 'lied', ...from, join(other.home, 'c')]
      await other.lighter(run)
      const { stdout } = await other.lighter(['system', 'check'])
      expect(stdout).toMatch(/0 damaged/)
    } finally {
      await other.remove()
    }
  })

  test('that is not there is told of, and the build goes on', async () => {
    const stderr = await built(['--cache-from', `${own}/nothing`, context])
    expect(stderr).toContain(`importing cache manifest from ${own}/nothing`)
  })
})
