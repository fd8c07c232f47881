import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeStackLayout } from '../fixtures/stack.ts'
import { makeToolchainLayout } from '../fixtures/toolchain.ts'
import { freePort, pushLayout } from '../helpers/registry.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await world.lighter(args, { timeout: 110_000 })
  expect({ args, exitCode, stderr: exitCode ? stderr : '' }).toEqual({
    args,
    exitCode: 0,
    stderr: '',
  })
  return stdout.trim()
}

const context = (name: string, ...path: string[]) => join(world.home, 'real', name, ...path)
const build = (name: string, ...flags: string[]) =>
  said('build', '--progress', 'plain', '-t', name, ...flags, context(name))
const run = (...args: string[]) => said('run', '--rm', '--network', 'none', ...args)

/** A server of an image, for as long as `check` takes. */
async function serving(
  image: string,
  inside: number,
  check: (address: string) => Promise<void>,
): Promise<void> {
  const port = await freePort()
  const id = await said('run', '-d', '-p', `127.0.0.1:${port}:${inside}`, image)
  try {
    await check(`127.0.0.1:${port}`)
  } finally {
    await said('rm', '-fv', id)
  }
}

async function page(address: string): Promise<string> {
  let text = ''
  await until(async () => {
    const answer = await fetch(`http://${address}`).catch(() => undefined)
    text = answer?.ok ? await answer.text() : ''
    return text !== ''
  }, address)
  return text
}

beforeAll(async () => {
  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test')
  mkdirSync(cache, { recursive: true })
  // In the repository that has the layers of debootstrap already.
  pushLayout(makeStackLayout(cache), inject('registry'), 'debian:stack')
  pushLayout(makeToolchainLayout(cache), inject('registry'), 'debian:toolchain')
  world = makeWorld('real')
  const fixtures = new URL('../fixtures/real', import.meta.url).pathname
  cpSync(fixtures, join(world.home, 'real'), { recursive: true })
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, join(world.home, 'real')])
  for (const [tag, name] of [
    ['bookworm', 'debian'],
    ['stack', 'stack'],
    ['toolchain', 'toolchain'],
  ] as const) {
    await said('pull', '-q', `${inject('registry')}/debian:${tag}`)
    await said('tag', `${inject('registry')}/debian:${tag}`, name)
  }
})
afterAll(() => world?.remove())

describe('Dockerfiles as people write them', () => {
  test('a service of Node.js in stages, with its tests', async () => {
    const vendor = context('node-service', 'vendor')
    mkdirSync(vendor)
    execFileSync('tar', [
      ...['-C', context('node-service'), '-czf', join(vendor, 'greeting.tgz'), 'greeting'],
    ])
    await build('node-service', '--target', 'test')
    await build('node-service', '--build-arg', 'VERSION=1.2.3')
    await serving('node-service', 3000, async (address) => {
      expect(await page(address)).toBe('hello world from 1.2.3 as 1001\n')
    })
  })

  test('a static program of Go in nothing', async () => {
    await build('go-static', '--build-arg', 'VERSION=v7')
    expect(await run('go-static')).toBe('hello world v7 as 65534')
    expect(await run('go-static', 'you')).toBe('hello you v7 as 65534')
  })

  test('wheels of Python in a virtual environment', async () => {
    await build('python-wheels')
    expect(await run('python-wheels')).toBe('APP HAS SHOUT 1.2.3!')
    expect(await run('python-wheels', 'shout', 'it', 'works')).toBe('IT WORKS!')
  })

  test('texts for Python and an entry point', async () => {
    await build('python-script', '--build-arg', 'WORDS=x y')
    expect(await run('python-script')).toBe('1: x\n2: y\nbuilt with x y, called with -a')
    expect(await run('python-script', 'echo', 'other')).toBe('other')
  })

  test('C with cache mounts: only what changed is compiled again', async () => {
    const log = () =>
      run('-v', `${context('c-make', 'log')}:/log:ro`, 'debian', 'cat', '/log/build.log')
    const exportLog = () => build('c-make', '--target', 'export', '-o', context('c-make', 'log'))
    await build('c-make')
    expect(await run('c-make', '40', '2')).toBe('42')
    await build('c-make', '--target', 'check')
    await exportLog()
    expect(await log()).toContain('add.c')
    writeFileSync(
      context('c-make', 'main.c'),
      '#include <stdio.h>\n#include "add.h"\nint main(void) { printf("%ld changed\\n", add(1, 2)); return 0; }\n',
    )
    await build('c-make')
    expect(await run('c-make')).toBe('3 changed')
    await exportLog()
    expect(await log()).toContain('main.c')
    expect(await log()).not.toContain('add.c')
  })

  test('a static site on nginx', async () => {
    await build('static-site')
    await serving('static-site', 80, async (address) => {
      expect(await page(`${address}/`)).toBe('<title>Home</title><p>Welcome.</p>\n')
      expect(await page(`${address}/about/us`)).toBe('<title>About us</title><p>We build.</p>\n')
    })
  })

  test('Java in layers', async () => {
    await build('java-layers')
    expect(await run('java-layers')).toBe('hello world of jboss')
    expect(await run('java-layers', 'you')).toBe('hello you of jboss')
    // The layer of the dependencies stays when only the application changes.
    const layers = async () =>
      JSON.parse(await said('inspect', '-f', '{{json .RootFS.Layers}}', 'java-layers')) as string[]
    const before = await layers()
    writeFileSync(
      context('java-layers', 'src/app/Main.java'),
      'package app;\npublic class Main { public static void main(String[] a) { System.out.println("new"); } }\n',
    )
    await build('java-layers')
    expect(await run('java-layers')).toBe('new')
    const after = await layers()
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1))
    expect(after.at(-1)).not.toBe(before.at(-1))
  })

  test('Redis with an entry point that gives up root', async () => {
    await build('redis')
    await serving('redis', 6379, async (address) => {
      const [host = '', port = ''] = address.split(':')
      const redis = (...words: string[]) =>
        world.run('redis-cli', ['-h', host, '-p', port, ...words])
      await until(async () => (await redis('PING')).stdout.trim() === 'PONG')
      expect((await redis('CONFIG', 'GET', 'maxmemory')).stdout).toBe('maxmemory\n12582912\n')
      expect((await redis('INFO', 'server')).stdout).toContain('config_file:/etc/redis/mine.conf')
    })
  })

  test('an image with ONBUILD, and one on top', async () => {
    await said(
      'build',
      '-t',
      'onbuild-base',
      '-f',
      context('onbuild', 'base.Dockerfile'),
      context('onbuild'),
    )
    await build('onbuild', '--build-arg', 'APP_USER=mine')
    expect(await run('onbuild')).toBe('mine /usr/src/app __main__.cpython-311.pyc')
  })

  test('a private dependency with a secret and a named context', async () => {
    const packages = context('packages')
    mkdirSync(packages)
    writeFileSync(join(packages, 'expected-token'), 's3cret')
    writeFileSync(join(world.home, 'token'), 's3cret')
    const from = context('private-dependency')
    execFileSync('tar', ['-C', from, '-czf', join(packages, 'private.tar.gz'), 'private.pl'])
    writeFileSync(join(from, 'numbers.txt'), '1\n2\n39\n')
    execFileSync('tar', ['-C', from, '-czf', join(from, 'numbers.tar.gz'), 'numbers.txt'])
    const flags = [
      '--secret',
      `id=token,src=${join(world.home, 'token')}`,
      '--build-context',
      `packages=${packages}`,
    ]
    await build('private-dependency', ...flags)
    expect(await run('private-dependency')).toBe('42')
  })

  test('a package of Debian that is made and installed', async () => {
    await build('debian-package', '--build-arg', 'VERSION=2.0-1')
    expect(await run('debian-package')).toBe('hello of 2.0-1 to app')
    expect(await run('-u', '0', 'debian-package', 'stat', '-c', '%a', '/bin/su')).toBe('755')
  })

  test('targets of one file', async () => {
    for (const [target, answer] of [
      ['dev', 'in development, untested'],
      ['prod', 'in production, passed 1'],
    ] as const) {
      await build('targets', '--target', target, '--build-arg', 'CI=1')
      expect(await run('targets')).toBe(answer)
    }
  })
})
