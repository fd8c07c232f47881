import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { beforeEach, describe, expect, inject, test } from 'vitest'
import {
  damaged,
  file,
  hello,
  image,
  load,
  names,
  recordOf,
  removeAll,
  run,
  useArchives,
  world,
} from '../helpers/archives.ts'

useArchives()

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
