import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findStorage, type StorageQuestion } from '../../../lib/runtime/storage.ts'

let home: string
let calls: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lighter-storage-'))
  calls = join(home, 'calls')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** A program that answers the probe, and counts how often it was asked. */
function program(ok: boolean, others: Record<string, boolean> = {}): string {
  const path = join(home, 'native')
  const reports = Object.entries({ overlay: ok, ...others }).map(
    ([check, ok]) => `echo '${JSON.stringify({ event: 'probed', check, ok, message: check })}'`,
  )
  writeFileSync(path, `#!/bin/sh\necho "$@" >>${calls}\n${reports.join('\n')}\n`)
  chmodSync(path, 0o755)
  return path
}

const ask = (change: Partial<StorageQuestion>) =>
  findStorage({
    data: home,
    config: join(home, 'config.json'),
    nativeProgram: '/no/such/program',
    idMap: { uids: [[0, 1000, 1]], gids: [[0, 1000, 1]] },
    fuseOverlayfs: undefined,
    wanted: undefined,
    fileSystem: async () => 'nfs',
    epoch: 'one',
    ...change,
  })

test('the kernel is asked once per epoch', async () => {
  const nativeProgram = program(true)
  expect(await ask({ nativeProgram })).toMatchObject({ driver: 'overlay' })
  expect(await ask({ nativeProgram })).toMatchObject({ driver: 'overlay' })
  expect(readFileSync(calls, 'utf8').split('\n')).toHaveLength(2)
  await ask({ nativeProgram, epoch: 'two' })
  expect(readFileSync(calls, 'utf8').split('\n')).toHaveLength(3)
})

test('a damaged memory is asked anew', async () => {
  writeFileSync(join(home, 'probes.json'), '{"version":1,"epoch"')
  expect(await ask({ nativeProgram: program(true) })).toMatchObject({ driver: 'overlay' })
})

test('what the user wants is not probed', async () => {
  expect(await ask({ wanted: 'copy' })).toMatchObject({
    driver: 'copy',
    reason: 'set by LIGHTER_STORAGE_DRIVER',
  })
  const fuse = { wanted: 'fuse-overlayfs', fuseOverlayfs: '/usr/bin/fuse-overlayfs' }
  expect(await ask(fuse)).toMatchObject({ program: '/usr/bin/fuse-overlayfs' })
  writeFileSync(join(home, 'config.json'), '{"storageDriver":"overlay"}')
  expect(await ask({})).toMatchObject({ driver: 'overlay' })
  await expect(ask({ wanted: 'vfs' })).rejects.toThrow('No such storage driver: "vfs"')
  await expect(ask({ wanted: 'fuse-overlayfs' })).rejects.toThrow('not installed')
})

test('a config file that says nothing sensible is named', async () => {
  writeFileSync(join(home, 'config.json'), '{')
  await expect(ask({})).rejects.toThrow(`${join(home, 'config.json')} is not JSON`)
  writeFileSync(join(home, 'config.json'), '{"storageDriver":1}')
  await expect(ask({})).rejects.toThrow('must be a text')
})

test('without overlay and fuse-overlayfs nothing is copied unasked', async () => {
  await expect(ask({ nativeProgram: program(false) })).rejects.toMatchObject({
    code: 'host-setup',
    hint: expect.stringContaining('LIGHTER_STORAGE_DRIVER=copy'),
  })
})

test('a file system that refuses to give files away is told of once', async () => {
  const fuse = { 'fuse-overlayfs': true, owners: false, 'kept-owners': true }
  const question = { nativeProgram: program(false, fuse), fuseOverlayfs: '/fuse' }
  const owners = `kept in attributes: ${home} (nfs) refuses to give files away`
  expect(await ask(question)).toMatchObject({
    owners,
    news: [expect.stringContaining('slower'), `owners of files are ${owners}`],
  })
  const again = await ask(question)
  expect(again).toMatchObject({ driver: 'fuse-overlayfs', owners })
  expect(again).not.toHaveProperty('news')
})

test('where attributes do not help either, users hear what does', async () => {
  const fuse = { 'fuse-overlayfs': true, owners: false, 'kept-owners': false }
  const choice = await ask({ nativeProgram: program(false, fuse), fuseOverlayfs: '/fuse' })
  expect(choice.owners).toBe(
    `not kept in containers: ${home} (nfs) refuses to give files away, and kept-owners; set LIGHTER_DATA_DIR to a local directory`,
  )
})

test('elsewhere nothing is said of owners', async () => {
  const fuse = { 'fuse-overlayfs': true, owners: true }
  const choice = await ask({ nativeProgram: program(false, fuse), fuseOverlayfs: '/fuse' })
  expect(choice).not.toHaveProperty('owners')
  expect(choice.news).toHaveLength(1)
})
