import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld } from '../helpers/world.ts'

/** A store on another overlay, as in a container: no overlay of the kernel's on it, and no devices as whiteouts. */
const world = makeWorld('odd-fs')
const directory = mkdtempSync(join(inject('work'), 'odd-fs-'))
const mounted = join(directory, 'mounted')
const data = join(mounted, 'data')
const image = `${inject('registry')}/busybox`
const lighter = (args: string[], env: Record<string, string> = {}) =>
  world.lighter(args, { env: { LIGHTER_DATA_DIR: data, ...env } })
const out = async (args: string[], env?: Record<string, string>) => {
  const { exitCode, stdout, stderr } = await lighter(args, env)
  return exitCode === 0 ? stdout.trim() : `${exitCode}: ${stderr.trim()}`
}
const run = (...command: string[]) => ['run', '--rm', '--network', 'none', image, ...command]

beforeAll(() => {
  chmodSync(directory, 0o755)
  for (const name of ['mounted', 'lower', 'upper', 'work']) mkdirSync(join(directory, name))
  const part = (name: string) => `${name}dir=${join(directory, name)}`
  const options = ['lower', 'upper', 'work'].map(part).join(',')
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, mounted])
  mkdirSync(data, { mode: 0o700 })
  chownSync(data, world.ids.uid, world.ids.gid)
})
afterAll(async () => {
  const containers = (await out(['ps', '-aq'])).split('\n').filter(Boolean)
  if (containers.length > 0) await lighter(['rm', '-f', ...containers])
  await world.remove()
  execFileSync('umount', [mounted])
  rmSync(directory, { recursive: true, force: true })
})

describe('a store on an overlay', () => {
  test('has fuse-overlayfs instead of the kernel, which is said once', async () => {
    await lighter(['pull', '-q', image])
    const first = await lighter(run('cat', '/etc/not-executable'))
    expect(first).toMatchObject({ exitCode: 0, stdout: 'plain text\n' })
    expect(first.stderr).toMatch(
      /^WARNING: containers use fuse-overlayfs here, which is slower: the kernel refused overlay for this user: cannot create a whiteout in \S+: Operation not permitted\n$/,
    )
    expect((await lighter(run('true'))).stderr).toBe('')
    const info = JSON.parse(await out(['info', '-f', '{{json .}}']))
    expect(info).toMatchObject({
      Driver: 'fuse-overlayfs',
      DriverStatus: expect.arrayContaining([
        ['Reason', expect.stringContaining('the kernel refused overlay')],
      ]),
    })
  })

  // The second layer removes a file of the first and hides all of a directory.
  const seen = 'test ! -e /etc/from-first-layer; echo $?; ls /etc/opaque | grep -c hidden'

  test.each(['fuse-overlayfs', 'copy'])(
    'shows what layers remove as removed: %s',
    async (driver) => {
      const env = { LIGHTER_STORAGE_DRIVER: driver }
      expect(await out(run('sh', '-c', `${seen}; ls -a /etc | grep -c .wh.; true`), env)).toBe(
        '0\n0\n0',
      )
    },
  )

  test('keeps removals of a container, its commit and its removal', async () => {
    await out([
      'run',
      '--name',
      'cc',
      '--network',
      'none',
      image,
      'rm',
      '-r',
      '/etc/passwd',
      '/home',
    ])
    expect((await out(['diff', 'cc'])).split('\n')).toEqual(
      expect.arrayContaining(['D /etc/passwd', 'D /home']),
    )
    expect(await out(['commit', 'cc', 'removed:1'])).toMatch(/^sha256:/)
    const command = ['run', '--rm', '--network', 'none', 'removed:1']
    expect(await out([...command, 'sh', '-c', 'test -e /etc/passwd || echo gone'])).toBe('gone')
    expect(await out(['rm', 'cc'])).toBe('cc')
    expect(existsSync(join(data, 'trash'))).toBe(true)
  })
})
