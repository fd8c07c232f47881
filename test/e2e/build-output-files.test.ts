import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildOutputs, member, tar } from '../helpers/output-builds.ts'
import { writeAs } from '../helpers/registries.ts'

const EPOCH = '1000000000'
const { world, context, makeContext, build, built, said } = buildOutputs('build-output-files')

describe('an archive', () => {
  test('of the OCI is a layout that others read', async () => {
    const file = join(world.home, 'oci.tar')
    await built(['-t', 'arch:1', '-o', `type=oci,dest=${file}`, context()])
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
    await built(['-t', 'arch:2', '-o', `type=docker,dest=${file}`, context()])
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
    const outcome = await world.lighter(['build', ...platforms, ...options, '.'], {
      cwd: context(),
    })
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
      await built(['-o', output, context()])
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
      await built(['--no-cache', '-o', output, context()], { SOURCE_DATE_EPOCH: EPOCH })
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
      await built(['-t', name, '-o', `type=oci,dest=${directory},tar=false`, context()])
    const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))
    expect(manifests).toHaveLength(2)
    execFileSync('skopeo', ['inspect', `oci:${directory}:2`])
  })
})

describe('files', () => {
  test('of an image become those of the caller, without set-id bits', async () => {
    const directory = join(world.home, 'files')
    await built(['-o', directory, context()])
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
    await built(['-o', directory, context()])
    expect(readFileSync(join(directory, 'mine'), 'utf8')).toBe('stays')
    expect(lstatSync(join(directory, 'file')).isFile()).toBe(true)
    expect(readFileSync(join(outside, 'target'), 'utf8')).toBe('untouched')
    await world.run('rm', ['-r', join(directory, 'dir')])
    await world.run('ln', ['-s', outside, join(directory, 'dir')])
    const scratch = ['-f', join(context(), 'Dockerfile.scratch'), '-o', directory, context()]
    expect(await build(scratch)).toMatchObject({ exitCode: 1 })
    expect(readdirSync(outside)).toEqual(['target'])
  })

  test('of several platforms have folders', async () => {
    const directory = join(world.home, 'platforms')
    const options = [
      '--platform',
      'linux/amd64,linux/arm64',
      '-f',
      join(context(), 'Dockerfile.scratch'),
    ]
    await built([...options, '--provenance=true', '-o', directory, context()])
    expect(readdirSync(directory).sort()).toEqual(['linux_amd64', 'linux_arm64'])
    const statement = JSON.parse(
      readFileSync(join(directory, 'linux_arm64/provenance.json'), 'utf8'),
    )
    expect(statement.subject).toMatchObject([{ name: 'dir/file' }])
    const merged = `type=local,dest=${directory},platform-split=false`
    expect(await build([...options, '-o', merged, context()])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(
        'cannot overwrite dir/file from linux/amd64 with linux/arm64 when split option is disabled',
      ),
    })
  })

  test('in an archive have the owners that they have in the image', async () => {
    const file = join(world.home, 'files.tar')
    await built(['-o', `type=tar,dest=${file}`, context()])
    expect(tar('tvf', file)).toMatch(/^-rwsr-xr-x 0\/0 .* made$/m)
    const { stdout } = await world.lighter(['build', '-q', '-o', '-', context()])
    expect(stdout).toContain('made')
    expect(await build(['-o', 'type=tar,dest=/dev/null', context()])).toMatchObject({ exitCode: 0 })
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })

  test('and an image can come from one build', async () => {
    const directory = join(world.home, 'both')
    await built(['-t', 'both', '-o', directory, '-o', 'type=image', context()])
    expect(existsSync(join(directory, 'file'))).toBe(true)
    expect(await said('images', '-q', 'both')).not.toBe('')
  })
})
