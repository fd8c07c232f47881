import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  blobs,
  check,
  expectClean,
  give,
  hello,
  image,
  inData,
  layerWith,
  names,
  put,
  run,
  useChecks,
  works,
  world,
} from '../helpers/checks.ts'

useChecks()

const reference = () => inData('refs', names('refs').find((name) => name.includes('latest')) ?? '')
const container = (file: string) => inData('containers', names('containers')[0] ?? '', file)
const replace = (path: string, how: (path: string) => void) => {
  rmSync(path, { recursive: true, force: true })
  how(path)
  give(path)
}
/** Of the other layer than the one that is damaged: the larger one. */
const baseBlob = (): string =>
  blobs(false).sort((one, other) => statSync(other).size - statSync(one).size)[0] ?? ''
const closed = (path: string) => chmodSync(path, 0)
const huge = (path: string) => {
  writeFileSync(path, '')
  truncateSync(path, 100 * 1024 * 1024)
}
const directory = (path: string) =>
  replace(path, (it) => mkdirSync(`${it}/inside`, { recursive: true }))
const fifo = (path: string) => replace(path, (it) => execFileSync('mkfifo', [it]))
const loop = (path: string) => replace(path, (it) => symlinkSync(it, it))
/** Reading it at its beginning is an input/output error. */
const broken = (path: string) => replace(path, (it) => symlinkSync('/proc/self/mem', it))

/** A layer that is damaged is found whatever else cannot be read. */
async function expectGoesOn(line: RegExp, ...flags: string[]): Promise<void> {
  writeFileSync(`${layerWith('etc/from-second-layer')}/fs/etc/from-second-layer`, 'other\n')
  for (const repair of [[], ['-r', ...flags]]) {
    const { exitCode, stdout, stderr } = await world.lighter(['system', 'check', ...repair], {
      timeout: 30_000,
    })
    expect(stdout).toMatch(line)
    // Without its manifest nobody knows from which blob it is.
    const mends = repair.length > 0 && !stdout.includes('of its manifest cannot be read')
    expect(stdout).toMatch(mends ? /^mended: layer /m : /^damaged: layer /m)
    expect(stdout).toMatch(/^Checked /m)
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' })
  }
}

describe('what cannot be read is one finding, and nothing goes for it', () => {
  beforeEachContainer()

  test.each<[string, () => string, (path: string) => void, RegExp]>([
    [
      'a reference',
      reference,
      closed,
      /^damaged: reference \S+busybox:latest: it cannot be checked: open \S+: permission denied; make it readable and check again$/m,
    ],
    [
      'a reference in a loop',
      reference,
      loop,
      /^damaged: reference \S+busybox:latest: it cannot be checked: \S+ \S+: too many levels of symbolic links; /m,
    ],
    [
      'a container',
      () => container('container.json'),
      closed,
      /^damaged: container \w{12}: it cannot be checked: \S+ \S+: permission denied; /m,
    ],
    [
      'a state',
      () => container('state.json'),
      closed,
      /^damaged: container \w{12}: it cannot be checked: \S+ \S+: permission denied; /m,
    ],
    [
      'a name',
      () => inData('names/idle'),
      closed,
      /^damaged: name idle: it cannot be checked: open \S+: permission denied; /m,
    ],
    [
      'a network',
      () => inData('networks', names('networks')[0] ?? '', 'network.json'),
      closed,
      /^damaged: network \w{12}: it cannot be checked: /m,
    ],
    [
      'a volume',
      () => inData('volumes/kept/volume.json'),
      closed,
      /^damaged: volume kept: it cannot be checked: /m,
    ],
    [
      'a blob',
      baseBlob,
      closed,
      /^damaged: blob sha256:\w+: it cannot be read: permission denied; make it readable and check again$/m,
    ],
    [
      'a blob of a broken disk',
      baseBlob,
      broken,
      /^damaged: blob sha256:\w+: it cannot be read: i\/o error; make it readable and check again$/m,
    ],
    [
      'a document',
      () => blobs(true)[0] ?? '',
      closed,
      /^damaged: blob sha256:\w+: it cannot be read: permission denied; /m,
    ],
  ])('%s', async (_what, find, spoil, line) => {
    await expectClean()
    const path = find()
    const kept = readFileSync(path)
    spoil(path)
    await expectGoesOn(line, '-f')
    expect(lstatSync(path)).toBeDefined()
    expect(existsSync(container('bundle'))).toBe(true)
    rmSync(path)
    put(path, kept.toString('latin1'))
    writeFileSync(path, kept)
    chmodSync(path, 0o600)
    expect(await check('-r', '--max', '0s')).toMatchObject(works)
    await expectClean()
    expect(await hello()).toBe('second\n')
  })
})

describe('what is no record at all is as good as a torn one', () => {
  beforeEachContainer()

  test.each<[string, () => string, (path: string) => void, RegExp]>([
    ['a reference larger than any', reference, huge, /^damaged: reference /m],
    ['a directory as a reference', reference, directory, /^damaged: reference /m],
    ['a pipe as a reference', reference, fifo, /^damaged: reference /m],
    [
      'a container larger than any',
      () => container('container.json'),
      huge,
      /^damaged: container \w+: its record is damaged; /m,
    ],
    [
      'a directory as a container',
      () => container('container.json'),
      directory,
      /^damaged: container \w+: its record is damaged; /m,
    ],
    [
      'a pipe as a container',
      () => container('container.json'),
      fifo,
      /^damaged: container \w+: its record is damaged; /m,
    ],
    [
      'a state larger than any',
      () => container('state.json'),
      huge,
      /^damaged: container idle: its state is damaged; /m,
    ],
    [
      'a pipe as a state',
      () => container('state.json'),
      fifo,
      /^damaged: container idle: its state is damaged; /m,
    ],
    [
      'a directory as a blob',
      baseBlob,
      directory,
      /^damaged: blob sha256:\w+: something that is no file has its name; /m,
    ],
    [
      'a pipe as a blob',
      baseBlob,
      fifo,
      /^damaged: blob sha256:\w+: something that is no file has its name; /m,
    ],
    ['a directory as index.json', () => inData('index.json'), directory, /^damaged: index /m],
  ])('%s', async (_what, find, spoil, line) => {
    spoil(find())
    const found = await world.lighter(['system', 'check'], { timeout: 30_000 })
    expect(found.stdout).toMatch(line)
    expect(found).toMatchObject({ exitCode: 1, stderr: '' })
    await world.lighter(['system', 'check', '-r', '-f'], { timeout: 30_000 })
    await run('pull', '-q', image())
    expect(await check('-r', '--max', '0s')).toMatchObject(works)
    await expectClean()
    expect(await hello()).toBe('second\n')
  })
})

test('strangers in the store harm nobody', async () => {
  const strange = ['a\nb', '..x', '-rf', '%', 'é', '.hidden']
  for (const folder of [
    'blobs/sha256',
    'layers',
    'refs',
    'names',
    'tmp',
    'downloads',
    'networks',
  ]) {
    mkdirSync(inData(folder), { recursive: true })
    for (const name of strange) put(inData(folder, name), '')
    if (folder !== 'names') symlinkSync('/', inData(folder, 'link'))
  }
  for (let index = 0; index < 5_000; index++)
    writeFileSync(inData('blobs/sha256', `file-${index}`), '')
  give(world.data)
  const { stdout, stderr } = await check('-r', '--max', '0s')
  expect(stderr).toBe('')
  expect(stdout).toMatch(/: 0 damaged/)
  expect(existsSync('/usr')).toBe(true)
  expect(await hello()).toBe('second\n')
  for (const folder of ['names', 'tmp'])
    for (const name of names(folder)) rmSync(inData(folder, name))
})

function beforeEachContainer(): void {
  beforeEach(async () => {
    await run('volume', 'create', 'kept')
    await run('network', 'create', 'n')
    await run('create', '--name', 'idle', image())
    put(container('state.json'), '{"version":1,"status":"created"}')
  })
}
