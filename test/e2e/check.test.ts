import { execFileSync, spawn } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import {
  blobs,
  check,
  expectClean,
  flip,
  hello,
  image,
  inData,
  layerWith,
  names,
  put,
  registry,
  run,
  useChecks,
  works,
  world,
} from '../helpers/checks.ts'
import { finish } from '../helpers/world.ts'

useChecks()

test('what is whole is found to be so, and a tree is compared once only', async () => {
  await expectClean()
  const layers = names('layers')
  expect(layers).toHaveLength(2)
  for (const layer of layers) expect(existsSync(inData('layers', layer, 'tree.json'))).toBe(true)
  // Without blobs there is nothing to compare with but what was remembered.
  const { stdout } = await check()
  expect(stdout).toMatch(/^Checked 1 image, 4 blobs, 2 layers, 0 containers: 0 damaged\n$/)
  expect(names('tmp')).toEqual([])
})

describe('a blob', () => {
  test.each<[string, boolean, (path: string) => void]>([
    ['of a layer has another bit', false, flip],
    ['of a layer is cut off', false, (path) => truncateSync(path, 100)],
    ['of a layer is gone', false, (path) => rmSync(path)],
    ['of a document has another bit', true, flip],
    ['of a document is empty', true, (path) => truncateSync(path)],
  ])('%s: dropped, and fetched again by the next pull', async (_what, isDocument, spoil) => {
    const bad = blobs(isDocument)
    expect(bad).toHaveLength(2)
    for (const path of bad) spoil(path)
    const found = await check()
    expect(found).toMatchObject({ exitCode: 1, stderr: '' })
    expect(found.stdout).toMatch(/^damaged: image [^\n]+busybox:latest: /m)
    expect(await check('-r')).toMatchObject({ exitCode: 1, stderr: '' })
    for (const path of bad) expect(existsSync(path)).toBe(false)
    await run('pull', '-q', image())
    await expectClean()
    expect(await hello()).toBe('second\n')
  })

  test('that is damaged harms no other image', async () => {
    await run('pull', '-q', `${registry()}/debian:bookworm`)
    for (const path of blobs(false)) if (statSync(path).size > 10_000_000) flip(path)
    expect((await check('-r')).exitCode).toBe(1)
    expect(await hello()).toBe('second\n')
    expect((await check('-r', '-f')).exitCode).toBe(0)
    expect(await run('images', '--format', '{{.Repository}}')).toBe(`${registry()}/busybox\n`)
    await expectClean()
  })
})

test('a user with one id: the owners that files should have are part of the tree', async () => {
  // Debian's `games`, whom nobody gave subordinate ids.
  const alone = { uid: 5, gid: 60 }
  const home = mkdtempSync(join(inject('work'), 'alone-'))
  chownSync(home, alone.uid, alone.gid)
  const env = { PATH: '/usr/bin:/bin', HOME: home, LIGHTER_DATA_DIR: join(home, 'data') }
  const lighter = (...args: string[]) =>
    finish(spawn(inject('program'), args, { ...alone, cwd: home, env, stdio: 'pipe' }))
  expect(await lighter('pull', '-q', image())).toMatchObject(works)
  expect((await lighter('system', 'check')).stdout).toMatch(/: 0 damaged\n$/)
  const layers = join(home, 'data/layers')
  const [base = ''] = readdirSync(layers).filter((name) => existsSync(join(layers, name, 'fs/bin')))
  expect(base).toMatch(/-squashed$/)
  execFileSync('setfattr', ['-x', 'user.lighter.owner', join(layers, base, 'fs/home/app')])
  expect((await lighter('system', 'check')).stdout).toMatch(/: 1 damaged\n$/)
  expect((await lighter('system', 'check', '-r')).stdout).toMatch(/: 0 damaged, 1 mended\n$/)
  expect((await lighter('system', 'check')).stdout).toMatch(/: 0 damaged\n$/)
  rmSync(home, { recursive: true, maxRetries: 5 })
})

test('--quick reads no bytes, and --format says the same to programs', async () => {
  for (const path of blobs(false)) flip(path)
  expect((await check('--quick')).stdout).toMatch(/: 0 damaged\n$/)
  const { stdout, exitCode } = await check('--format', 'json')
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(rows.filter(({ Kind }) => Kind === 'blob')).toHaveLength(2)
  expect(rows[0]).toEqual({
    Outcome: 'damaged',
    Kind: 'blob',
    ID: expect.stringMatching(/^sha256:\w{64}$/),
    Problem: 'its bytes are not those of its digest',
    Advice: '--repair drops it, so that it is fetched again',
  })
  expect(exitCode).toBe(1)
})

test('--force is of no use without --repair', async () => {
  expect(await check('--force')).toMatchObject({
    exitCode: 1,
    stdout: '',
    stderr: expect.stringMatching(/^--force needs --repair: /),
  })
})

test('other tools read what was repaired', async () => {
  put(inData('index.json'), '{}')
  writeFileSync(join(layerWith('etc/from-second-layer'), 'fs/etc/from-second-layer'), 'other\n')
  await run('system', 'check', '-r')
  const out = join(world.home, 'copy')
  const skopeo = (...args: string[]) =>
    execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' })
  skopeo('copy', '--quiet', `oci:${world.data}:${image()}`, `dir:${out}`)
  const remote = skopeo('inspect', '--raw', '--tls-verify=false', `docker://${image()}`)
  expect(readFileSync(join(out, 'manifest.json'), 'utf8')).toBe(remote)
})
