import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import {
  blobs,
  check,
  expectClean,
  flip,
  hello,
  image,
  layerWith,
  run,
  useChecks,
  works,
} from '../helpers/checks.ts'

useChecks()

describe('a layer', () => {
  const file = () => join(layerWith('etc/from-second-layer'), 'fs/etc/from-second-layer')
  const same = (change: (path: string) => void) => () => {
    const path = file()
    const { atime, mtime } = statSync(path)
    change(path)
    utimesSync(path, atime, mtime)
  }

  test.each<[string, () => void]>([
    ['has other bytes', same((path) => writeFileSync(path, 'sECond\n'))],
    ['has another mode', same((path) => chmodSync(path, 0o600))],
    ['has another owner', same((path) => execFileSync('chown', ['100000:100000', path]))],
    ['has another attribute', same((path) => execFileSync('setfattr', ['-n', 'user.x', path]))],
    ['has another time', () => utimesSync(file(), 1, 1)],
    ['lacks a file', () => rmSync(file())],
    ['has a file more', () => writeFileSync(`${file()}-too`, '')],
    ['lacks a whiteout', () => rmSync(join(file(), '../from-first-layer'))],
    ['is empty', () => rmSync(join(file(), '../..'), { recursive: true })],
    ['has no record', () => truncateSync(join(layerWith('etc/from-second-layer'), 'layer.json'))],
    ['is gone', () => rmSync(layerWith('etc/from-second-layer'), { recursive: true })],
  ])('that %s is unpacked again from its blob', async (_what, spoil) => {
    await vi.waitFor(
      () => expect(existsSync(join(layerWith('etc/from-second-layer'), 'synced'))).toBe(true),
      60_000,
    )
    for (const known of [false, true]) {
      if (known) await expectClean()
      spoil()
      const found = await check()
      expect(found.stdout).toMatch(
        /^damaged: layer sha256:\w{64}: [^\n]+; --repair unpacks it again from its blob\nChecked [^\n]*: 1 damaged\n$/,
      )
      expect(found).toMatchObject({ exitCode: 1, stderr: '' })
      const repaired = await check('--repair')
      expect(repaired.stdout).toMatch(
        /^mended: layer sha256:\w{64}: [^\n]+; unpacked again from its blob\nChecked [^\n]*: 0 damaged, 1 mended\n$/,
      )
      expect(repaired).toMatchObject(works)
      await expectClean()
      expect(await hello()).toBe('second\n')
    }
  })

  test('that a container runs on stays until that has stopped', async () => {
    const up = ['run', '-d', '--name', 'up', '--network', 'none', image(), 'sleep', '1000']
    const id = (await run(...up)).slice(0, 12)
    await run('create', '--name', 'idle', image())
    writeFileSync(file(), 'sECond\n')
    for (const flags of [['-r'], ['-r', '-f']]) {
      const held = await check(...flags)
      expect(held.stdout).toContain(`; stop the container ${id} that runs on it first\n`)
      expect(held.exitCode).toBe(1)
    }
    // It can be mended later: nothing goes for it.
    expect(await run('ps', '-a', '--format', '{{.Names}}')).toBe('idle\nup\n')
    await run('rm', 'idle')
    expect(await run('exec', 'up', 'cat', '/etc/from-second-layer')).toBe('sECond\n')
    await run('stop', '-t', '0', 'up')
    expect(await check('-r')).toMatchObject(works)
    await run('start', 'up')
    expect(await run('exec', 'up', 'cat', '/etc/from-second-layer')).toBe('second\n')
    await run('rm', '-f', 'up')
    await expectClean()
  })

  test('that nobody knows how to mend is reported, and removed by force with its containers', async () => {
    await run('create', '--name', 'stands', image())
    await expectClean()
    for (const path of blobs(false)) flip(path)
    writeFileSync(file(), 'other\n')
    const { stdout, exitCode } = await check('-r')
    expect(stdout).toMatch(
      /^mended: blob sha256:\w+: [^\n]*; dropped, so that it is fetched again$/m,
    )
    expect(stdout).toMatch(/^damaged: layer sha256:\w+: /m)
    expect(stdout).toMatch(
      /^damaged: container stands: its layer sha256:\w+ is missing or damaged; /m,
    )
    expect(stdout).toContain(`\ndamaged: image ${image()}: `)
    expect(exitCode).toBe(1)
    const forced = await check('-r', '-f')
    expect(forced.stdout).toContain('\nmended: container stands: ')
    expect(forced.stdout).toContain(`\nmended: image ${image()}: `)
    expect(await run('ps', '-aq')).toBe('')
    expect(await run('images', '-q')).toBe('')
    await run('pull', '-q', image())
    await expectClean()
    expect(await hello()).toBe('second\n')
  })
})
