import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, inject, test } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import {
  check,
  expectClean,
  flip,
  give,
  hello,
  image,
  inData,
  layerWith,
  names,
  run,
  useChecks,
  works,
  world,
} from '../helpers/checks.ts'
import { withDescendants } from '../helpers/leftovers.ts'
import { pushLayout } from '../helpers/registry.ts'
import { until, untilDead } from '../helpers/until.ts'
import { finish } from '../helpers/world.ts'

useChecks()

const file = () => join(layerWith('etc/from-second-layer'), 'fs/etc/from-second-layer')
const spoil = () => writeFileSync(file(), 'sECond\n')
const retired = () => names('layers').filter((name) => name.includes('.old-'))

async function kill(pid: number | undefined): Promise<void> {
  const all = withDescendants([pid ?? 0])
  for (const one of all) {
    try {
      process.kill(one, 'SIGKILL')
    } catch {
      // it went with another one, or was done
    }
  }
  for (const one of all) await untilDead(one)
}

describe('kill -9 of a repair, at any instant', { timeout: 600_000 }, () => {
  test('leaves what the next check and the next prune know', async () => {
    await expectClean()
    spoil()
    const begun = Date.now()
    expect(await check('-r')).toMatchObject(works)
    let duration = Date.now() - begun
    let cut = 0
    for (let count = 0; count < 20; count++) {
      spoil()
      const started = Date.now()
      const child = world.start(['system', 'check', '-r'])
      let took = 0
      child.once('exit', () => {
        took = Date.now() - started
      })
      const ended = finish(child)
      // What replaces the tree comes last.
      const wait = (count % 2 ? 0.6 + 0.4 * Math.random() : Math.random()) * duration
      await sleep(wait)
      if (child.exitCode === null) await kill(child.pid)
      const story = `number ${count}, killed after ${wait.toFixed(1)} ms`
      // The first one may have been slowed down by others.
      if ((await ended).exitCode === 0) duration = (duration + Math.min(took, duration)) / 2
      else cut += 1
      if (count % 3 === 0) await run('image', 'prune', '-f')
      const { stdout } = await check('-r', '--max', '0s')
      expect(stdout, story).toMatch(/: 0 damaged/)
      await expectClean()
      expect(names('layers'), story).toHaveLength(2)
      expect(await hello(), story).toBe('second\n')
    }
    expect(cut).toBeGreaterThan(6)
  })

  /** Stops a repair when the trees have been exchanged, and before the old one is removed. */
  async function untilExchanged(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      spoil()
      const path = file()
      // So that its removal takes a while.
      const many = `${path}-and-many`
      mkdirSync(many)
      for (let index = 0; index < 3_000; index++) writeFileSync(join(many, String(index)), '')
      give(many)
      const before = statSync(path).ino
      const child = world.start(['system', 'check', '-r'])
      const ended = finish(child)
      while (child.exitCode === null && statSync(path).ino === before) await nextTurn()
      await kill(child.pid)
      await ended
      expect(statSync(path).ino).not.toBe(before)
      if (retired().length > 0) return
    }
    throw new Error('no repair was stopped before it had removed the old tree')
  }

  test.each([
    ['check --repair', ['system', 'check', '-r']],
    ['prune', ['image', 'prune', '-f']],
  ])('the tree that was replaced is collected by %s', async (_what, command) => {
    await untilExchanged()
    expect(retired()).toHaveLength(1)
    await world.lighter(command)
    expect(retired()).toEqual([])
    expect((await check('-r')).exitCode).toBe(0)
    await expectClean()
  })
})

describe('a tree that is replaced', () => {
  test('stays for whoever reads a stopped container', async () => {
    await run('create', '--name', 'idle', '--network', 'none', image())
    spoil()
    const whole = await finish(world.start(['export', 'idle']))
    expect(whole).toMatchObject(works)
    for (const command of [
      ['export', 'idle'],
      ['cp', 'idle:/', '-'],
    ]) {
      spoil()
      const child = world.start(command)
      // It has more to say than a pipe takes, and waits.
      await until(() => child.stdout.readableLength > 0)
      const repaired = await check('-r')
      expect(repaired).toMatchObject(works)
      expect(repaired.stdout).toMatch(/^mended: layer /m)
      expect(retired()).toHaveLength(1)
      const { exitCode, stdout, stderr } = await finish(child)
      expect({ exitCode, stderr }).toEqual(works)
      expect(stdout).toContain('sECond\n')
      expect(stdout.length).toBeGreaterThan(500_000)
      expect((await check('-r')).stdout).toMatch(/^removed: layers\/\w+\.old-\S+: /m)
      expect(retired()).toEqual([])
    }
    await run('rm', 'idle')
    await expectClean()
  })

  test('is not the one that a container runs on whose record is torn', async () => {
    const id = (await run('run', '-d', '--network', 'none', image(), 'sleep', '1000')).trim()
    const record = inData('containers', id, 'container.json')
    const state = inData('containers', id, 'state.json')
    copyFileSync(record, `${record}.kept`)
    spoil()
    for (const flags of [['-r'], ['-r', '-f']]) {
      writeFileSync(record, '')
      const held = await check(...flags)
      expect(held.stdout).toMatch(
        new RegExp(
          `^damaged: layer [^\\n]*; stop the container ${id.slice(0, 12)} first: it runs, and its record`,
          'm',
        ),
      )
      expect(held.stdout).toMatch(/^damaged: container \w+: its record is damaged; /m)
      expect(held.exitCode).toBe(1)
    }
    renameSync(`${record}.kept`, record)
    expect(await run('exec', id, 'cat', '/etc/from-second-layer')).toBe('sECond\n')
    // Its lock says that it runs where its state says nothing.
    const kept = `${state}.kept`
    copyFileSync(state, kept)
    writeFileSync(state, '{')
    const held = await check('-r')
    expect(held.stdout).toContain('; it runs: what happens to it next is recorded anew\n')
    expect(held.stdout).toMatch(
      /^damaged: layer [^\n]*; stop the container \w+ that runs on it first$/m,
    )
    renameSync(kept, state)
    give(inData('containers', id))
    await run('rm', '-f', id)
    expect(await check('-r')).toMatchObject(works)
    await expectClean()
  })
})

describe('a layer in two compressions', () => {
  const pack = (name: string, compression: 'gzip' | 'zstd') => {
    const layout = join(inject('work'), `layout-check-${name}`)
    const archive = makeArchive([{ path: 'file', data: 'one layer\n'.repeat(5000) }])
    if (!existsSync(layout))
      writeImageLayout(layout, { layers: [archive], compression, config: { Cmd: ['/file'] } })
    pushLayout(layout, inject('registry'), `check-${name}:latest`, ['--preserve-digests'])
    return `${inject('registry')}/check-${name}:latest`
  }
  const tree = () => layerWith('file')
  /** Both are one image, by its configuration, in two manifests. */
  const blobOf = (name: string): string => {
    const [ref = ''] = names('refs').filter((file) => file.endsWith(`%2F${name}%3Alatest.json`))
    const { descriptor } = JSON.parse(readFileSync(inData('refs', ref), 'utf8'))
    const manifest = inData('blobs/sha256', descriptor.digest.slice('sha256:'.length))
    const [layer] = JSON.parse(readFileSync(manifest, 'utf8')).layers
    return inData('blobs/sha256', layer.digest.slice('sha256:'.length))
  }

  test('is made from either blob, and goes with the last of its images', async () => {
    const [gzip, zstd] = [pack('gzip', 'gzip'), pack('zstd', 'zstd')]
    await run('rmi', '-f', image())
    await run('pull', '-q', gzip)
    await run('pull', '-q', zstd)
    expect(names('layers')).toHaveLength(1)
    const [first, second] = [blobOf('check-gzip'), blobOf('check-zstd')]
    expect(first).not.toBe(second)
    await expectClean()
    for (const blob of [first, second]) {
      flip(blob)
      writeFileSync(join(tree(), 'fs/file'), 'other\n')
      const { stdout } = await check('-r')
      expect(stdout).toMatch(/^mended: blob /m)
      expect(stdout).toMatch(/^mended: layer [^\n]*; unpacked again from its blob$/m)
      expect(stdout).toMatch(
        /^damaged: image \S+\/check-(gzip|zstd):latest: the blob \S+ of its layer is missing; /m,
      )
      expect(statSync(join(tree(), 'fs/file')).size).toBe(50_000)
      await run('pull', '-q', gzip)
      await run('pull', '-q', zstd)
      await expectClean()
    }
    await run('rmi', gzip)
    expect([existsSync(first), existsSync(second)]).toEqual([false, true])
    expect(names('layers')).toHaveLength(1)
    await expectClean()
    rmSync(tree(), { recursive: true })
    expect((await check('-r')).stdout).toMatch(/^mended: layer /m)
    await run('image', 'prune', '-af')
    expect(names('layers')).toEqual([])
    expect(names('blobs/sha256')).toEqual([])
  })
})
