import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { busyboxRecipe } from '../fixtures/images.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const other = process.arch === 'x64' ? 'arm64' : 'amd64'
const registry = inject('registry')
const warning = new RegExp(
  `^WARNING: The requested image's platform \\(linux/${other}\\) does not match the detected host platform \\(linux/(?:amd64/v[1-4]|arm64/v8)\\) and no specific platform was requested\n$`,
)

let world: World
const lighter = (...args: string[]) => world.lighter(args)
const run = (...args: string[]) => lighter('run', '--rm', '--network', 'none', ...args)

/** Images whose programs run here all the same: of another machine in name only. */
beforeAll(() => {
  world = makeWorld('foreign')
  const push = (name: string, members: { os?: string; architectures?: string[] }) => {
    const layout = join(inject('work'), `layout-${name}`)
    writeImageLayout(layout, { ...busyboxRecipe(), ...members })
    pushLayout(layout, registry, `foreign:${name}`)
  }
  push('other', { architectures: [other] })
  push('windows', { os: 'windows' })
})
afterAll(() => world.remove())

// It came with a pull only, and never with -q.
test('each container of an image for another machine is warned of', async () => {
  const image = `${registry}/foreign:other`
  expect(await lighter('pull', image)).toMatchObject({ exitCode: 0, stderr: '' })
  for (const flags of [[], ['-q'], ['--pull', 'never']]) {
    const outcome = await run(...flags, image, 'echo', 'ran')
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'ran\n' })
    expect(outcome.stderr).toMatch(warning)
  }
  const detached = await lighter('run', '-d', '--network', 'none', image, 'true')
  expect(detached.stdout).toMatch(/^[0-9a-f]{64}\n$/)
  expect(detached.stderr).toMatch(warning)
  const created = await lighter('create', '--name', 'made', image)
  expect(created.stdout).toMatch(/^[0-9a-f]{64}\n$/)
  expect(created.stderr).toMatch(warning)
  // There is no container then.
  expect((await lighter('create', '--name', 'made', image)).stderr).not.toContain('WARNING')
  await lighter('rm', '-f', 'made', detached.stdout.trim())
  await lighter('rmi', image)
})

test('once, after the pull of a run', async () => {
  const image = `${registry}/foreign:other`
  const { stderr } = await run(image, 'true')
  expect(stderr.match(/WARNING/g)).toHaveLength(1)
  expect(stderr.slice(stderr.indexOf('WARNING'))).toMatch(warning)
})

test('who names the platform is not warned', async () => {
  const flags = ['--platform', `linux/${other}`]
  expect(await run(...flags, `${registry}/foreign:other`, 'true')).toMatchObject({
    exitCode: 0,
    stderr: '',
  })
})

test('an image of another operating system is refused, not run', async () => {
  const image = `${registry}/foreign:windows`
  const sentence =
    'image operating system "windows" cannot be used on this platform: operating system is not supported'
  expect(await lighter('pull', '-q', image)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${sentence}\n`,
  })
  const outcome = await run(image, 'true')
  expect(outcome).toMatchObject({ exitCode: 125, stdout: '' })
  expect(outcome.stderr).toContain(`\nlighter: ${sentence}.\nSee 'lighter run --help'.\n`)
  expect(await lighter('pull', '-q', '--platform', 'windows/amd64', image)).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'operating system is not supported\n',
  })
  expect((await lighter('images', '-q', `${registry}/foreign`)).stdout.split('\n')).toHaveLength(2)
})
