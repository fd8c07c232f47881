import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { cachedSteps, printed, writeContext } from '../helpers/builds.ts'
import { type DockerClient, openDockerClient } from '../helpers/buildx.ts'
import { bcrypt, type Server, startRegistryWith, writeAs } from '../helpers/registries.ts'
import type { World } from '../helpers/world.ts'

let client: DockerClient
let world: World
let context: string

beforeAll(async () => {
  client = await openDockerClient('api-buildkit-outputs')
  world = client.world
  context = writeContext(world, {
    'a.txt': 'a',
    Dockerfile:
      'FROM BASE AS base\nRUN echo made > /made\nFROM scratch\nCOPY --from=base /made /\nCOPY a.txt /dir/\n',
  })
})
afterAll(async () => {
  await client?.stop()
})

const docker: DockerClient['docker'] = (...args) => client.docker(...args)
const built: DockerClient['built'] = (...args) => client.built(...args)
const file = (name: string): string => join(world.home, name)
const members = (name: string): string[] =>
  execFileSync('tar', ['-tf', file(name)], { encoding: 'utf8' })
    .trim()
    .split('\n')

describe('what was built goes', () => {
  test('into a directory of the client’s', async () => {
    await built(context, '-o', file('out'))
    expect(readFileSync(file('out/made'), 'utf8')).toBe('made\n')
    expect(readFileSync(file('out/dir/a.txt'), 'utf8')).toBe('a')
    expect(statSync(file('out/made')).uid).toBe(world.ids.uid)
  })

  test('into archives of the client’s', async () => {
    await built(context, '-o', `type=tar,dest=${file('files.tar')}`)
    expect(members('files.tar').sort()).toEqual(['dir/', 'dir/a.txt', 'made'])
    await built(context, '-o', `type=oci,dest=${file('oci.tar')}`)
    expect(members('oci.tar')).toContain('index.json')
    await built(context, '-t', 'kept:v1', '-o', `type=docker,dest=${file('docker.tar')}`)
    expect(members('docker.tar')).toContain('manifest.json')
    const loaded = await world.lighter(['load', '-i', file('docker.tar')])
    expect(loaded.stdout).toBe('Loaded image: kept:v1\n')
  })

  test('through a pipe', async () => {
    const script = `docker buildx build -q -o - ${context} > ${file('piped.tar')}`
    const outcome = await client.shell(script)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(members('piped.tar').sort()).toEqual(['dir/', 'dir/a.txt', 'made'])
  })

  test('into the store, with its id for files', async () => {
    const words = ['--iidfile', file('id'), '--metadata-file', file('about.json')]
    await built(context, '--load', '-t', 'loaded', ...words)
    const { stdout } = await docker(['image', 'inspect', '-f', '{{.Id}}', 'loaded'])
    expect(readFileSync(file('id'), 'utf8')).toBe(stdout.trim())
    const about = JSON.parse(readFileSync(file('about.json'), 'utf8'))
    expect(about['containerimage.config.digest']).toBe(stdout.trim())
    expect(about['image.name']).toBe('docker.io/library/loaded')
  })

  test('as several platforms into an archive only', async () => {
    const place = writeContext(world, { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' })
    const platforms = ['--platform', 'linux/amd64,linux/arm64']
    await built(place, ...platforms, '-o', `type=oci,dest=${file('both.tar')}`)
    expect(members('both.tar').length).toBeGreaterThan(5)
    const outcome = await docker(['buildx', 'build', ...platforms, '-t', 'both', place])
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr).toContain('an image of several platforms cannot be kept in this store')
    expect(outcome.stderr).toContain('Multi-platform build is not supported for the docker driver')
  })
})

describe('a registry that wants a password', () => {
  let locked: Server
  const login = () => ({ [locked.host]: { auth: btoa('tester:secret words') } })

  beforeAll(async () => {
    writeAs(world.ids, file('htpasswd'), `tester:${bcrypt('secret words')}\n`)
    locked = await startRegistryWith(
      `auth:\n  htpasswd: { realm: tests, path: ${file('htpasswd')} }`,
    )
  })
  afterAll(async () => {
    await locked?.stop()
  })

  test('gets the client’s, for base images and for what is pushed', async () => {
    const place = writeContext(world, { Dockerfile: `FROM ${locked.host}/busybox\nRUN true\n` })
    const name = `${locked.host}/pushed-${process.pid}:v1`
    const push = ['buildx', 'build', '--progress', 'plain', '--push', '-t', name, place]
    const refused = await docker(push)
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('no basic auth credentials')
    client.logins(login())
    const outcome = await docker(push)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    const { stdout } = await docker(['manifest', 'inspect', '--insecure', name])
    expect(JSON.parse(stdout).layers.length).toBeGreaterThan(0)
    client.logins({})
  })

  test('keeps a cache', async () => {
    client.logins(login())
    const ref = `${locked.host}/cache-${process.pid}:v1`
    const cache = `type=registry,ref=${ref}`
    await built(context, '--cache-to', `${cache},mode=max`)
    await docker(['buildx', 'prune', '-af'])
    const again = await built(context, '--cache-from', cache)
    expect(cachedSteps(again)).toContain('[base 2/2] RUN echo made > /made')
    client.logins({})
  })
})

describe('caches', () => {
  test('in a directory of the client’s', async () => {
    const directory = file('cache')
    await built(context, '--cache-to', `type=local,dest=${directory},mode=max`)
    expect(existsSync(join(directory, 'index.json'))).toBe(true)
    await docker(['buildx', 'prune', '-af'])
    const again = await built(context, '--cache-from', `type=local,src=${directory}`)
    expect(cachedSteps(again)).toContain('[base 2/2] RUN echo made > /made')
    // Written again over itself, as CI does it.
    await built(context, '--cache-to', `type=local,dest=${directory},mode=max`)
  })

  test('in the image itself', async () => {
    const name = `${inject('registry')}/inline-${process.pid}:v1`
    const words = ['--cache-to', 'type=inline', '-t', name, '--push']
    const place = writeContext(world, { Dockerfile: 'FROM BASE\nRUN echo inline > /made\n' })
    await built(place, ...words)
    await docker(['buildx', 'prune', '-af'])
    await docker(['rmi', name])
    const again = await built(place, '--cache-from', name)
    expect(cachedSteps(again)).toContain('[2/2] RUN echo inline > /made')
  })

  test('are listed and removed', async () => {
    await built(context)
    const listed = await docker(['buildx', 'du', '--verbose'])
    expect(listed.stdout).toContain('RUN echo made > /made')
    const some = ['buildx', 'du', '--filter', 'type=exec.cachemount']
    expect((await docker(some)).stdout).not.toContain('true')
    const pruned = await docker(['buildx', 'prune', '-af'])
    expect(pruned.stdout).toMatch(/\nTotal:\t\d/)
    expect((await docker(['buildx', 'du'])).stdout).toMatch(/Total:\s+0B\n$/)
  })
})

test('the builder is shown as what it is', async () => {
  const { stdout } = await docker(['buildx', 'inspect'])
  expect(stdout).toMatch(/\nDriver: +docker\n/)
  expect(stdout).toMatch(/\nStatus: +running\n/)
  expect(stdout).toMatch(/\nPlatforms: +linux\/(amd64|arm64)/)
  expect((await docker(['buildx', 'ls'])).stdout).toMatch(/_ default +running/)
})

describe('bake', () => {
  test('builds targets that stand on each other', async () => {
    const place = writeContext(world, {
      'a.txt': 'a',
      Dockerfile: 'FROM BASE\nRUN echo lower > /lower\n',
      'upper.Dockerfile': 'FROM below\nCOPY a.txt /\nRUN cat /lower /a.txt > /both\n',
      'docker-bake.hcl': `
        group "default" { 
          targets = ["upper", "other"] 
        }
        target "lower" { 
          tags = ["bake-lower"] 
        }
        target "upper" {
          dockerfile = "upper.Dockerfile"
          contexts = { below = "target:lower" }
          tags = ["bake-upper"]
        }
        target "other" {
          tags = ["bake-other"]
          args = { X = "1" }
        }
      `,
    })
    const outcome = await docker(['buildx', 'bake', '--progress', 'plain'], { cwd: place })
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(await printed(world, 'bake-upper', 'cat', '/both')).toBe('lower\na')
    expect(await printed(world, 'bake-other', 'cat', '/lower')).toBe('lower\n')
  })
})

test('Compose builds what its files say', async () => {
  const place = writeContext(world, {
    Dockerfile:
      'FROM BASE\nARG WHO\nRUN --mount=type=secret,id=word echo "$WHO $(cat /run/secrets/word)" > /said\n',
    'word.txt': 'word',
    'compose.yaml': `
services:
  one:
    image: composed-one
    build: { context: ., args: { WHO: one }, secrets: [word] }
  two:
    image: composed-two
    build: { context: ., args: { WHO: two } }
secrets:
  word: { file: ./word.txt }
`,
  })
  const outcome = await docker(['compose', 'build'], { cwd: place })
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  expect(await printed(world, 'composed-one', 'cat', '/said')).toBe('one word\n')
  expect(await printed(world, 'composed-two', 'cat', '/said')).toBe('two \n')
})

test('without the plugin the client falls back to its first builder', async () => {
  const config = file('plain')
  execFileSync('mkdir', [config])
  writeFileSync(join(config, 'config.json'), '{}')
  execFileSync('chown', ['-R', `${world.ids.uid}`, config])
  const env = { DOCKER_CONFIG: config }
  const outcome = await docker(['build', '-t', 'classic', context], { env })
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  expect(outcome.stdout).toContain('Successfully tagged classic:latest')
})
