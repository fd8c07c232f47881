import { chmodSync, mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import {
  digestOf,
  file,
  fromSkopeo,
  hello,
  image,
  load,
  names,
  recordOf,
  registry,
  removeAll,
  run,
  skopeo,
  useArchives,
  world,
} from '../helpers/archives.ts'
import { finish } from '../helpers/world.ts'

useArchives()

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
