import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { INIT } from '../helpers/init.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const registry = inject('registry')
const image = `${registry}/busybox:latest`

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) => lighter('run', '--rm', '--network', 'none', ...args)

beforeAll(async () => {
  world = makeWorld('security')
  await lighter('pull', '-q', image)
})
afterAll(() => world.remove())

/** Pushes an image made of busybox and what an enemy would add to it. */
async function pushImage(
  name: string,
  entries: ArchiveEntry[],
  config: Record<string, unknown> = {},
): Promise<string> {
  const layout = join(inject('work'), `hostile-${name}`)
  const base: ArchiveEntry[] = [
    { path: 'bin/busybox', mode: 0o755, data: readFileSync('/bin/busybox') },
    ...['sh', 'ls', 'cat', 'grep'].map(
      (applet): ArchiveEntry => ({ path: `bin/${applet}`, type: 'Link', linkpath: 'bin/busybox' }),
    ),
  ]
  const full = { Env: ['PATH=/bin'], Cmd: ['sh'], ...config }
  writeImageLayout(layout, { layers: [makeArchive([...base, ...entries])], config: full })
  pushLayout(layout, registry, `hostile-${name}:latest`)
  const reference = `${registry}/hostile-${name}:latest`
  expect(await lighter('pull', '-q', reference)).toMatchObject({ exitCode: 0, stderr: '' })
  return reference
}

test('a link to nowhere where /etc/resolv.conf is to be ends inside of the container', async () => {
  const target = join(world.home, 'outside')
  const links = await pushImage('links', [
    {
      path: 'etc/resolv.conf',
      type: 'SymbolicLink',
      linkpath: '../run/systemd/resolve/stub-resolv.conf',
    },
    { path: 'etc/hosts', type: 'SymbolicLink', linkpath: `../../../..${target}` },
  ])
  const outcome = await run(
    links,
    'sh',
    '-c',
    'grep -c . /etc/resolv.conf && grep localhost /etc/hosts',
  )
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  expect(existsSync(target)).toBe(false)
})

test('sockets of AF_ALG and AF_VSOCK are refused, with stray bits above the family too', async () => {
  const debian = `${registry}/debian:bookworm`
  const script =
    'for (38, 40, 0x100000026, 0x100000028) { print syscall(41, $_, 5, 0) < 0 ? $! + 0 : 0, " " }'
  const outcome = await run(debian, 'perl', '-e', script)
  expect(outcome).toMatchObject({ exitCode: 0, stdout: '1 1 1 1 ' })
})

test('--init gives a privileged container no way to the program on the host', async () => {
  const script =
    'mount -o remount,bind,rw /sbin/docker-init; chmod 4777 /sbin/docker-init; stat -L -c %a /proc/1/exe'
  const outcome = await run('--privileged', ...INIT, image, 'sh', '-c', script)
  expect(outcome.stdout).not.toMatch(/^4/)
  expect(outcome.stderr).toMatch(/denied|permitted/)
  expect(outcome.stderr).toMatch(/chmod: .*Read-only file system/)
})

test('with any umask the users of a container read its files and use its volumes', async () => {
  const command = `umask 0077; exec ${inject('program')} run --rm --network none -v free:/data ${image}`
  const script = 'stat -c %a /data /etc/hosts /etc/hostname /etc/resolv.conf; rmdir /data/* 2>&1'
  const outcome = await world.run('sh', ['-c', `${command} sh -c '${script}'`])
  expect(outcome.stdout).toMatch(/^755\n644\n644\n644\n/)
})

test('a container that gives its /etc/hosts away can be started again', async () => {
  const script = 'chown 1000 /etc/hosts && chmod 0 /etc/hosts && sleep 0.1'
  await lighter('run', '--name', 'giver', '--network', 'none', image, 'sh', '-c', script)
  expect(await lighter('start', '-a', 'giver')).toMatchObject({ exitCode: 0, stderr: '' })
  await lighter('rm', 'giver')
})

test.each(['/', '/proc', '/proc/sys', '/sys', '/dev'])(
  'a volume of the image does not get to %s through a link',
  async (target) => {
    const name = `volume${target.replaceAll('/', '-to')}`
    const link: ArchiveEntry = { path: 'data', type: 'SymbolicLink', linkpath: target }
    const hostile = await pushImage(name, [link], { Volumes: { '/data': {} } })
    const outcome = await run(hostile, 'ls')
    expect(outcome.stderr).toMatch(/: \/data leads through a symbolic link of the image/)
    expect(outcome.exitCode).toBe(125)
  },
)

test.each(['/proc', '/sys/fs/cgroup', '/dev'])('an image with a volume at %s', async (path) => {
  const name = `named${path.replaceAll('/', '-')}`
  const hostile = await pushImage(name, [], { Volumes: { [path]: {} } })
  const outcome = await run(hostile, 'ls')
  expect(outcome.stderr).toMatch(`the image declares a volume at ${path}`)
  expect(outcome.exitCode).toBe(125)
})

test('what an image is called by shows up in errors without steering the terminal', async () => {
  const command = await pushImage('command', [], { Cmd: ['no\x1b[2Jsuch'] })
  expect((await run(command)).stderr).toMatch(/exec: "no\\x1b\[2Jsuch": executable file not found/)
  const volume = await pushImage('volume', [], { Volumes: { '\x1b[2J': {} } })
  expect((await run(volume)).stderr).toMatch(/invalid mount path: '\?\[2J'/)
})
