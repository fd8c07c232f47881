import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildOutputs } from '../helpers/output-builds.ts'
import { writeAs } from '../helpers/registries.ts'
import { makeWorld } from '../helpers/world.ts'

const { world, own, context, built } = buildOutputs('build-output-cache')

describe('a cache', () => {
  /** Builds in a world that has never built before. */
  async function buildAnew(args: string[]): Promise<string> {
    const other = makeWorld('build-outputs-anew')
    try {
      const directory = join(other.home, 'context')
      mkdirSync(directory)
      for (const name of ['Dockerfile', 'file'])
        writeAs(other.ids, join(directory, name), readFileSync(join(context(), name), 'utf8'))
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
    await built(['--cache-to', `type=registry,ref=${ref},mode=${mode}${form}`, context()])
    expect(await buildAnew(['--cache-from', `type=registry,ref=${ref}`])).toMatch(CACHED)
    expect(await buildAnew(['--cache-from', ref])).toMatch(CACHED)
  })

  test('in a directory is an OCI layout, and spares the steps', async () => {
    const directory = join(world.home, 'cache')
    await built(['--cache-to', `type=local,dest=${directory},mode=max`, context()])
    const { manifests } = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))
    expect(manifests).toMatchObject([
      { annotations: { 'org.opencontainers.image.ref.name': 'latest' } },
    ])
    expect(await buildAnew(['--cache-from', `type=local,src=${directory}`])).toMatch(CACHED)
  })

  test('in an image itself spares the steps', async () => {
    await built(['--cache-to', 'type=inline', '-t', `${own}/inline`, '--push', context()])
    expect(await buildAnew(['--cache-from', `${own}/inline`])).toMatch(CACHED)
  })

  test('in an image itself, asked for by a build argument', async () => {
    const wish = ['--build-arg', 'BUILDKIT_INLINE_CACHE=1']
    await built([...wish, '-t', `${own}/wished`, '--push', context()])
    expect(await buildAnew(['--cache-from', `${own}/wished`])).toMatch(CACHED)
  })

  test('that lies is not believed', async () => {
    const directory = join(world.home, 'lying')
    await built(['--cache-to', `type=local,dest=${directory},mode=max`, context()])
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
        readFileSync(join(context(), 'Dockerfile'), 'utf8'),
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
    const stderr = await built(['--cache-from', `${own}/nothing`, context()])
    expect(stderr).toContain(`importing cache manifest from ${own}/nothing`)
  })
})
