import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { cachedSteps } from '../helpers/builds.ts'
import { type Gate, startGate } from '../helpers/gate.ts'
import { finish, makeWorld, type World } from '../helpers/world.ts'

let world: World
let directory: string

beforeAll(() => {
  world = makeWorld('bake')
  directory = join(world.home, 'project')
  mkdirSync(directory)
  chmodSync(directory, 0o777)
})
afterAll(() => world.remove())

const bake = (...args: string[]) =>
  world.lighter(['buildx', 'bake', '--progress', 'plain', ...args], { cwd: directory })

const write = (name: string, text: string): void => writeFileSync(join(directory, name), text)

const definition = (): string => `
variable "TAG" { default = "1" }
group "default" { targets = ["web", "api"] }
target "base" {
  dockerfile-inline = <<EOT
FROM ${inject('registry')}/busybox
RUN echo of the base > /base
EOT
}
target "web" {
  contexts = { base = "target:base" }
  dockerfile-inline = "FROM base\\nARG V\\nRUN echo web $V >> /base\\n"
  args = { V = TAG }
  tags = ["bake-web:\${TAG}"]
}
target "api" {
  contexts = { base = "target:base" }
  dockerfile-inline = "FROM ${inject('registry')}/busybox\\nCOPY --from=base /base /api\\n"
  tags = ["bake-api:\${TAG}"]
}
`

describe('targets that stand on another one', () => {
  test('are built after it, and what they stand on is no image', async () => {
    write('docker-bake.hcl', definition())
    const outcome = await bake('--metadata-file', join(directory, 'made.json'))
    expect(outcome).toMatchObject({ exitCode: 0, stdout: '' })
    expect(outcome.stderr).toContain('#1 [internal] load local bake definitions')
    expect(outcome.stderr).toContain('[web 2/2] RUN echo web 1 >> /base')
    const made = JSON.parse(readFileSync(join(directory, 'made.json'), 'utf8'))
    expect(Object.keys(made).sort()).toEqual(['api', 'web'])
    const names = await world.lighter(['images', '--format', '{{.Repository}}:{{.Tag}}'])
    expect(names.stdout.trim().split('\n').sort()).toEqual(['bake-api:1', 'bake-web:1'])
    const cat = (image: string, file: string) => world.lighter(['run', '--rm', image, 'cat', file])
    expect((await cat('bake-web:1', '/base')).stdout).toBe('of the base\nweb 1\n')
    expect((await cat('bake-api:1', '/api')).stdout).toBe('of the base\n')
  })

  test('are cached the next time', async () => {
    const outcome = await bake('web')
    expect(outcome).toMatchObject({ exitCode: 0 })
    expect(outcome.stderr).toMatch(/^(#\d+) \[web 2\/2\] RUN echo web 1 >> \/base\n\1 CACHED$/m)
  })
})

describe('a stage that two targets have', () => {
  const shared = (url: string): string => `
group "default" { targets = ["one", "two"] }
target "one" {
  network = "host"
  dockerfile-inline = <<EOT
FROM ${inject('registry')}/busybox AS common
RUN wget -q -O - ${url}/came && echo $RANDOM > /common
RUN echo behind >> /common
FROM common AS one
RUN echo one >> /common
FROM common AS two
RUN echo two >> /common
EOT
  target = "one"
  tags = ["shared-one"]
}
target "two" {
  inherits = ["one"]
  target = "two"
  tags = ["shared-two"]
}
`
  let gate: Gate
  beforeEach(async () => {
    gate = await startGate()
  })
  afterEach(() => gate.stop())

  test.each([[[]], [['--no-cache']]])('is built once: %j', async (flags: string[]) => {
    write('shared.hcl', shared(gate.url))
    const child = world.start(
      ['buildx', 'bake', '--progress', 'plain', '-f', 'shared.hcl', ...flags],
      { cwd: directory },
    )
    const ended = finish(child)
    await gate.awaits('came')
    // Time for the other target to come to it as well.
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    gate.open('came')
    const outcome = await ended
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(gate.came).toEqual(['came'])
    const made = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const { stdout } = await world.lighter(['run', '--rm', `shared-${name}`, 'cat', '/common'])
        return stdout.split('\n')
      }),
    )
    expect(made[0]).toEqual([made[1]?.[0], 'behind', 'one', ''])
    expect(made[1]?.slice(1)).toEqual(['behind', 'two', ''])
    expect(cachedSteps(outcome.stderr).filter((name) => name.includes(' RUN '))).toHaveLength(2)
  })

  test('that fails is told once', async () => {
    write('fails-shared.hcl', shared(gate.url).replace('echo behind', 'exit 9'))
    gate.open('came')
    const outcome = await bake('-f', 'fails-shared.hcl')
    expect(outcome.exitCode).toBe(1)
    expect(outcome.stderr.match(/^ERROR: /gm)).toHaveLength(1)
    expect(outcome.stderr).toMatch(/exit 9 .*exit code: 9$/m)
  })
})

describe('one that fails', () => {
  test('ends the others, and is told with its lines', async () => {
    write(
      'fails.hcl',
      `target "default" { dockerfile-inline = "FROM ${inject('registry')}/busybox\\nRUN exit 7" }
target "slow" { dockerfile-inline = "FROM ${inject('registry')}/busybox\\nRUN sleep 100" }
`,
    )
    const outcome = await bake('-f', 'fails.hcl', 'default', 'slow')
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toContain('>>> RUN exit 7\n')
    expect(outcome.stderr).toMatch(
      /^ERROR: failed to solve: process "\/bin\/sh -c exit 7" did not complete successfully: exit code: 7$/m,
    )
  })

  test('a definition is told with its lines, too', async () => {
    write('wrong.hcl', 'target "default" {\n  tags = ["x"\n}\n')
    const outcome = await bake('-f', 'wrong.hcl')
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
    expect(outcome.stderr).toBe(`wrong.hcl:3
--------------------
   1 |     target "default" {
   2 |       tags = ["x"
   3 | >>> }
   4 |     
--------------------
ERROR: wrong.hcl:3,1-2: Missing item separator; Expected a comma to mark the beginning of the next item.
`)
  })
})

describe('without a build', () => {
  test('--print', async () => {
    const outcome = await bake('--print', '--set', 'web.tags=x', 'web')
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    const { group, target } = JSON.parse(outcome.stdout)
    expect(group).toEqual({ default: { targets: ['web'] } })
    expect(Object.keys(target)).toEqual(['base', 'web'])
    expect(target.web.tags).toEqual(['x'])
  })

  test('--list', async () => {
    const outcome = await bake('--list', 'targets')
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(outcome.stdout).toMatch(
      /^TARGET +DESCRIPTION\napi +\nbase +\ndefault +web, api\nweb +\n$/,
    )
  })

  test.each([
    ['nosuch', 'failed to find target nosuch'],
    [
      'https://example.com/x.git',
      'bake definitions from elsewhere are not supported: clone https://example.com/x.git and name its files with -f',
    ],
  ])('%s', async (target, sentence) => {
    expect(await bake(target)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `ERROR: ${sentence}\n`,
    })
  })
})
