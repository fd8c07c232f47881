import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { base, build, built, printed, writeContext } from '../helpers/builds.ts'
import { until } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World

beforeAll(async () => {
  world = makeWorld('hostile')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(() => world.remove())

test('an interrupt ends the reading of a file without an end', async () => {
  const context = writeContext(world, { Dockerfile: 'FROM BASE\nCOPY endless /\n' })
  execFileSync('truncate', ['-s', '1T', join(context, 'endless')])
  const child = world.start(['build', '--progress', 'plain', context])
  const ended = new Promise((done) => child.once('exit', done))
  let said = ''
  child.stderr.on('data', (text: Buffer) => {
    said += text
  })
  await until(() => said.includes('transferring context'), 'the file is read')
  const begun = performance.now()
  child.kill('SIGINT')
  expect(await ended).toBe(130)
  expect(performance.now() - begun).toBeLessThan(5_000)
})

test('a step that fails ends it, too', async () => {
  const text = 'FROM BASE AS one\nRUN false\nFROM BASE\nCOPY --from=one /x /\nCOPY endless /\n'
  const context = writeContext(world, { Dockerfile: text })
  execFileSync('truncate', ['-s', '1T', join(context, 'endless')])
  const { exitCode, stderr } = await build(world, context)
  expect(exitCode).toBe(1)
  expect(stderr).toContain('did not complete successfully: exit code: 1')
})

test('an ignore file that cannot be read does not let files through', async () => {
  const context = writeContext(world, {
    Dockerfile: 'FROM BASE\nCOPY d /d\n',
    'd/secret': 'no',
    '.dockerignore': 'd/secret\n',
  })
  chmodSync(join(context, '.dockerignore'), 0)
  const { exitCode, stderr } = await build(world, context)
  expect(exitCode).toBe(1)
  expect(stderr).toContain('open .dockerignore: permission denied')
})

test('a root filesystem of more layers than can be mounted is refused', async () => {
  const steps = Array.from({ length: 550 }, (_, index) => `COPY f /${index % 3}/\n`).join('')
  const context = writeContext(world, { Dockerfile: `FROM BASE\n${steps}`, f: '' })
  const { exitCode, stderr } = await build(world, context, ['-t', 'deep'])
  expect(exitCode).toBe(1)
  expect(stderr).toContain('max depth exceeded')
  expect((await world.lighter(['system', 'check'])).stdout).toMatch(/: 0 damaged/)
})

test('links lead nowhere out of contexts, stages and destinations', async () => {
  const outside = join(world.home, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'f'), 'theirs')
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, outside])
  for (const [text, told] of [
    ['COPY link/f /', '/link/f'],
    ['COPY --from=stage /link/f /', '/link/f'],
    ['RUN --mount=type=bind,source=link,target=/m ls /m', outside],
  ]) {
    const Dockerfile = `FROM BASE AS stage\nRUN ln -s ${outside} /link\nFROM BASE\n${text}\n`
    const context = writeContext(world, { Dockerfile })
    symlinkSync(outside, join(context, 'link'))
    const { exitCode, stderr } = await build(world, context)
    expect(exitCode, text).toBe(1)
    expect(stderr).toContain(`"${told}": not found`)
  }
  const context = writeContext(world, {
    Dockerfile: `FROM BASE\nRUN ln -s ${outside} /link\nWORKDIR /link\nCOPY f /link/f\nRUN echo x >/link/g\n`,
    f: 'ours',
  })
  await built(world, context, '-t', 'links')
  expect(await printed(world, 'links', 'cat', `${outside}/f`)).toBe('ours')
  const target = join(world.home, 'target')
  mkdirSync(target)
  symlinkSync(outside, join(target, 'etc'))
  execFileSync('chown', ['-hR', `${world.ids.uid}:${world.ids.gid}`, target])
  expect((await build(world, context, ['-o', target])).exitCode).toBe(1)
  expect(readdirSync(outside)).toEqual(['f'])
  expect(readFileSync(join(outside, 'f'), 'utf8')).toBe('theirs')
})
