import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
const registry = () => inject('registry')

beforeEach(() => {
  world = makeWorld('damage')
})

afterEach(() => world.remove())

const names = (folder: string): string[] =>
  existsSync(join(world.data, folder)) ? readdirSync(join(world.data, folder)).sort() : []

describe('what is damaged is made good', () => {
  const image = () => `${registry()}/busybox`
  const hello = () =>
    world.lighter(['run', '--rm', '--network', 'none', image(), 'cat', '/etc/from-second-layer'])
  const good = { exitCode: 0, stdout: 'second\n' }
  const each = (folder: string, change: (path: string) => void) => {
    for (const name of names(folder)) change(join(world.data, folder, name))
  }

  /** Tries again: the process that syncs in the background may put its mark into a directory that is being emptied. */
  const removeLayers = () =>
    each('layers', (path) => rmSync(path, { recursive: true, maxRetries: 5 }))

  beforeEach(async () => {
    expect((await world.lighter(['pull', '-q', image()])).exitCode).toBe(0)
  })

  test.each([
    ['records are empty', () => each('layers', (path) => truncateSync(join(path, 'layer.json')))],
    ['records are gone', () => each('layers', (path) => rmSync(join(path, 'layer.json')))],
    [
      'trees are gone',
      () => each('layers', (path) => rmSync(join(path, 'fs'), { recursive: true })),
    ],
    ['layers are gone', removeLayers],
    [
      'the machine lost its power before layers were synced',
      async () => {
        // The mark would come after the damage.
        await vi.waitFor(
          () => each('layers', (path) => expect(existsSync(join(path, 'synced'))).toBe(true)),
          60_000,
        )
        each('layers', (path) => {
          const record = JSON.parse(readFileSync(join(path, 'layer.json'), 'utf8'))
          writeFileSync(join(path, 'layer.json'), JSON.stringify({ ...record, bootId: 'earlier' }))
          rmSync(join(path, 'synced'), { force: true })
          rmSync(join(path, 'fs/bin'), { recursive: true, force: true })
        })
      },
    ],
  ])('%s: unpacked again', async (_what, spoil) => {
    await spoil()
    expect(await hello()).toMatchObject({ ...good, stderr: '' })
    expect((await world.lighter(['pull', image()])).stdout).toContain('up to date')
  })

  test('layers are gone and blobs have other bytes: fetched again by digest', async () => {
    removeLayers()
    const big = names('blobs/sha256').map((name) => join(world.data, 'blobs/sha256', name))
    for (const path of big) {
      const bytes = readFileSync(path)
      if (bytes[0] === 0x7b) continue // JSON
      bytes[bytes.length - 20] = 0xff & ~(bytes[bytes.length - 20] ?? 0)
      writeFileSync(path, bytes)
    }
    expect(await hello()).toMatchObject(good)
  })

  test('manifest and configuration are empty: fetched again', async () => {
    for (const name of names('blobs/sha256')) {
      const path = join(world.data, 'blobs/sha256', name)
      if (readFileSync(path)[0] === 0x7b) truncateSync(path)
    }
    expect(await hello()).toMatchObject(good)
  })
})

describe('a full disk', () => {
  test('one sentence, nothing half-made, and removing makes room', async () => {
    const small = join(world.home, 'small')
    mkdirSync(small)
    const { uid, gid } = world.ids
    const options = `size=20m,nr_inodes=8000,mode=700,uid=${uid},gid=${gid}`
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'small', small])
    try {
      const env = { XDG_DATA_HOME: small }
      const data = join(small, 'lighter')
      const pulled = await world.lighter(['pull', `${registry()}/busybox`], { env })
      expect(pulled.exitCode).toBe(0)
      const outcome = await world.lighter(['pull', `${registry()}/debian:bookworm`], { env })
      expect(outcome.stderr).toMatch(/^(Error response from daemon: )?.*no space left on device\n$/)
      expect(outcome.exitCode).toBe(1)
      expect(readdirSync(join(data, 'refs')).join()).not.toContain('debian')
      const left = readdirSync(join(data, 'downloads')).filter((name) => !name.endsWith('.owner'))
      expect(left).toEqual([])
      const run = await world.lighter(['run', '--rm', `${registry()}/debian:bookworm`, 'true'], {
        env,
      })
      expect(run.stderr).toMatch(/no space left on device/)
      expect(run.exitCode).toBe(125)

      execFileSync('sh', ['-c', `cat /dev/zero > ${small}/fill 2>/dev/null || true`])
      // Neither a block nor an inode is free: no directory can be made either.
      const inodes = 'i=0; while true >fill$i; do i=$((i+1)); done'
      execFileSync('sh', ['-c', `${inodes} 2>/dev/null || true`], { cwd: small })
      expect(() => mkdirSync(join(small, 'one-more'))).toThrow('ENOSPC')
      expect((await world.lighter(['images', '-q'], { env })).stdout).not.toBe('')
      const removed = await world.lighter(['rmi', `${registry()}/busybox`], { env })
      expect(removed).toMatchObject({ exitCode: 0, stderr: '' })
      expect(removed.stdout).toContain('Deleted: ')
      expect((await world.lighter(['images', '-q'], { env })).stdout).toBe('')
      expect(readdirSync(join(data, 'layers'))).toEqual([])
    } finally {
      execFileSync('umount', ['-l', small])
    }
  })
})
