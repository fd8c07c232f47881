import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
beforeAll(async () => {
  world = makeWorld('diff')
  await world.lighter(['pull', '-q', image])
})
afterAll(() => world.remove())

const SCRIPT = [
  'rm -r /home',
  'mkdir /new && echo x > /new/b && echo z > /new/a && echo y > /new.z',
  'echo >> /etc/passwd',
  'chmod 700 /tmp',
  'ln -s /etc /link && mkfifo /fifo && ln /new/a /hard',
  'mv /bin/ls /bin/moved && mkdir /bin/ls && echo 1 > /bin/ls/in',
  'rm -r /etc/opaque && mkdir /etc/opaque && echo k > /etc/opaque/own',
  'echo gone > /gone && rm /gone',
].join(';')

/** What Docker 26 says after the same script, in the order of the paths. */
const CHANGES = `C /bin
C /bin/ls
A /bin/ls/in
A /bin/moved
C /etc
C /etc/opaque
A /etc/opaque/own
D /etc/opaque/shown
C /etc/passwd
A /fifo
A /hard
D /home
A /link
A /new
A /new.z
A /new/a
A /new/b
C /tmp
`

describe.each(['overlay', 'fuse-overlayfs', 'copy'])('%s', (driver) => {
  const env = { LIGHTER_STORAGE_DRIVER: driver }
  const lighter = (...args: string[]) => world.lighter(args, { env })

  test('changes of a container that has ended', async () => {
    const name = `ended-${driver}`
    await lighter('run', '--name', name, '--network', 'none', image, 'sh', '-c', SCRIPT)
    expect(await lighter('diff', name)).toEqual({ exitCode: 0, stdout: CHANGES, stderr: '' })
  })

  test('a running one, and none for what every container gets', async () => {
    const name = `running-${driver}`
    await lighter('run', '-d', '--name', name, '--network', 'none', image, 'sleep', '60')
    expect((await lighter('diff', name)).stdout).toBe('')
    await lighter('exec', name, 'touch', '/etc/hosts2')
    expect((await lighter('diff', name)).stdout).toBe('C /etc\nA /etc/hosts2\n')
    await lighter('rm', '-f', name)
  })

  test('one that was never started', async () => {
    await lighter('create', '--name', `new-${driver}`, image)
    expect(await lighter('diff', `new-${driver}`)).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })
})

test('a tree that is deeper than any path may be long', async () => {
  const digIn = (name: string) =>
    `mkdir /${name} && cd /${name} && for i in $(seq 150); do mkdir aaaaaaaaaaaaaaaaaaaa; cd aaaaaaaaaaaaaaaaaaaa; done`
  const dig = `${digIn('one')}; touch end; ${digIn('two')}; mv /one .`
  await world.lighter(['run', '--name', 'deep', '--network', 'none', image, 'sh', '-c', dig])
  const { stdout, exitCode } = await world.lighter(['diff', 'deep'])
  expect(exitCode).toBe(0)
  expect(stdout.trimEnd().split('\n')).toHaveLength(303)
  expect(stdout).toMatch(/\/end\n$/)
})

test('no such container', async () => {
  expect(await world.lighter(['diff', 'nosuch'])).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'Error response from daemon: No such container: nosuch\n',
  })
})
