import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeWorld } from '../helpers/world.ts'

/**
 * A store on a file system that refuses to give files to other ids, as NFS does: bindfs can do so. Owners and modes of layers
 * are in attributes there, and fuse-overlayfs shows them.
 */
const world = makeWorld('kept-owners')
const directory = mkdtempSync(join(inject('work'), 'kept-owners-'))
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

/** From 1.14 on fuse-overlayfs writes the attribute as it should; its word for others tells (native/src/rootfs_fuse.c). */
const writesOwners = readFileSync('/usr/bin/fuse-overlayfs').includes('user.containers.override_\0')

beforeAll(() => {
  chmodSync(directory, 0o755)
  for (const name of ['mounted', 'below']) mkdirSync(join(directory, name))
  // Else the number of a file's names is that of a second ago.
  const options = 'allow_other,attr_timeout=0'
  execFileSync('bindfs', ['--chown-deny', '-o', options, join(directory, 'below'), mounted])
  mkdirSync(join(directory, 'below/data'), { mode: 0o700 })
  chownSync(join(directory, 'below/data'), world.ids.uid, world.ids.gid)
})
afterAll(async () => {
  const containers = (await out(['ps', '-aq'])).split('\n').filter(Boolean)
  if (containers.length > 0) await lighter(['rm', '-f', ...containers])
  await world.remove()
  execFileSync('umount', [mounted])
  rmSync(directory, { recursive: true, force: true })
})

test('an image with several owners is pulled and run, and what is unusual is said once', async () => {
  expect(await out(['pull', '-q', image])).toMatch(/busybox/)
  const first = await lighter(run('stat', '-c', '%u:%g %a', '/home/app', '/tmp', '/etc/passwd'))
  expect(first).toMatchObject({ exitCode: 0, stdout: '1000:1000 755\n0:0 1777\n0:0 644\n' })
  const refusal = `${data} (fuse) refuses to give files away`
  const said = writesOwners
    ? `owners of files are kept in attributes: ${refusal}`
    : `owners of files are not kept in containers: ${refusal}, and fuse-overlayfs cannot keep owners of files in attributes: Operation not permitted; set LIGHTER_DATA_DIR to a local directory`
  expect(first.stderr).toContain('WARNING: containers use fuse-overlayfs here')
  expect(first.stderr).toContain(`WARNING: ${said}\n`)
  expect((await lighter(run('true'))).stderr).toBe('')
  const info = JSON.parse(await out(['info', '-f', '{{json .}}']))
  expect(info.DriverStatus).toContainEqual([
    'Owners of files',
    said.replace('owners of files are ', ''),
  ])
  expect(await out(['doctor'])).toMatch(
    /limited {2}owners of files +cannot give a file in \S+ to another id: Operation not permitted/,
  )
})

test('what the image closes to a user of the container is closed', async () => {
  const command = ['run', '--rm', '--network', 'none', '-u', '1000', image, 'sh', '-c']
  expect(await out([...command, 'ls /root >/dev/null 2>&1 || echo closed'])).toBe('closed')
})

test('nobody in a container can write the attribute', async () => {
  const { stdout } = await lighter(['info', '-f', '{{.DriverStatus}}'])
  expect(stdout).toContain('Owners of files')
  expect(
    await out(
      run(
        'sh',
        '-c',
        'touch /tmp/x; setfattr -n user.containers.override_stat -v 0:0:4755 /tmp/x; stat -c %a /tmp/x',
      ),
    ),
  ).toMatch(/644$/)
})

test('changes, archives and checks have the owners that the container has', async () => {
  const command = 'rm /etc/passwd; mkdir -m 700 /srv; chmod 600 /etc/not-executable; echo >/new'
  expect(
    await out(['run', '--name', 'first', '--network', 'none', image, 'sh', '-c', command]),
  ).toBe('')
  expect((await out(['diff', 'first'])).split('\n').sort()).toEqual([
    'A /new',
    'A /srv',
    'C /etc',
    'C /etc/not-executable',
    'D /etc/passwd',
  ])
  const archive = await world.run('sh', [
    '-c',
    `LIGHTER_DATA_DIR=${data} "${inject('program')}" export first | tar --numeric-owner -tvf - home/app etc/not-executable srv`,
  ])
  expect(archive.stdout).toMatch(/^drwxr-xr-x 1000\/1000 .* home\/app\/$/m)
  expect(archive.stdout).toMatch(/^-rw------- 0\/0 .* etc\/not-executable$/m)
  expect(archive.stdout).toMatch(/^drwx------ 0\/0 .* srv\/$/m)
  expect(await out(['commit', 'first', 'kept:1'])).toMatch(/^sha256:/)
  expect(
    await out([
      ...['run', '--rm', '--network', 'none', 'kept:1', 'stat', '-c', '%u:%g %a'],
      ...['/home/app', '/srv', '/etc/not-executable'],
    ]),
  ).toBe('1000:1000 755\n0:0 700\n0:0 600')
  expect(await out(['rm', 'first'])).toBe('first')
  expect(await out(['system', 'check'])).toContain(' 0 damaged')
  expect(await out(['rmi', 'kept:1'])).toContain('Untagged: kept:1')
})

test('a copy has no place for owners, which is said', async () => {
  const { exitCode, stderr } = await lighter(run('true'), { LIGHTER_STORAGE_DRIVER: 'copy' })
  expect(exitCode).toBe(125)
  expect(stderr).toMatch(/cannot give \S+ to \d+:\d+: Operation not permitted/)
})

if (writesOwners) {
  test('containers give files away, and it stays so', async () => {
    const change =
      'echo x >/file; chown 33:44 /file; chmod 4750 /file; chown 7:8 /home/app; chmod 2711 /home/app; stat -c "%u:%g %a" /file'
    expect(
      await out(['run', '--name', 'second', '--network', 'none', image, 'sh', '-c', change]),
    ).toBe('33:44 4750')
    expect(await out(['diff', 'second'])).toBe('A /file\nC /home\nC /home/app')
    expect(await out(['commit', 'second', 'kept:2'])).toMatch(/^sha256:/)
    const look = ['stat', '-c', '%u:%g %a', '/file', '/home/app']
    const seen = '33:44 4750\n7:8 2711'
    expect(await out(['run', '--rm', '--network', 'none', 'kept:2', ...look])).toBe(seen)
    const archive = await world.run('sh', [
      '-c',
      `LIGHTER_DATA_DIR=${data} "${inject('program')}" cp -a second:/file - | tar --numeric-owner -tvf -`,
    ])
    expect(archive.stdout).toMatch(/^-rwsr-x--- 33\/44 /)
  })

  test('new files have the mode that they were made with', async () => {
    expect(await out(run('sh', '-c', 'umask 077; echo >/x; stat -c %a /x'))).toBe('600')
  })
} else {
  test('containers are told that they cannot give files away', async () => {
    const result = await lighter(run('sh', '-c', 'umask 077; echo >/x; stat -c %a /x; chown 33 /x'))
    expect(result).toMatchObject({ exitCode: 1, stdout: '600\n' })
    expect(result.stderr).toContain('Operation not permitted')
  })
}
