import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { base, build } from '../helpers/builds.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Somebody else, whose context it is. */
const NOBODY = 65534
/** Renames two names to each other until it is killed; what lies between is about as long as what a build does in one go. */
const SWAP = `
import ctypes, random, sys, time
libc = ctypes.CDLL(None, use_errno=True)
one, other = (name.encode() for name in sys.argv[1:3])
while libc.renameat2(-100, one, -100, other, 2) == 0: time.sleep(random.random() / 40)
sys.exit(1)
`
const ROUNDS = 6

let world: World
let context: string
let swapping: ChildProcess

beforeAll(async () => {
  world = makeWorld('swapped')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
  // Of the user who builds, and closed to others.
  const outside = join(world.home, 'outside')
  context = mkdtempSync(join(inject('work'), 'context-'))
  const inside = join(context, 'd')
  for (const [directory, text] of [
    [outside, 'OUTSIDE'],
    [inside, 'inside'],
  ] as const) {
    mkdirSync(join(directory, 'sub'), { recursive: true })
    for (let index = 0; index < 50; index++) {
      writeFileSync(join(directory, `f${index}`), `${text} ${index}`)
      writeFileSync(join(directory, 'sub', `f${index}`), `${text} ${index}`)
    }
    writeFileSync(join(directory, 'Dockerfile'), `FROM scratch\nLABEL of=${text}\nCOPY f1 /\n`)
    writeFileSync(join(directory, '.dockerignore'), text)
  }
  // What is there alone is not only unlike, it cannot be named in the context.
  writeFileSync(join(outside, 'only'), 'OUTSIDE only')
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, outside])
  execFileSync('chmod', ['-R', 'go=', outside])
  symlinkSync(outside, join(context, 'link'))
  execFileSync('chown', ['-hR', `${NOBODY}:${NOBODY}`, context])
  execFileSync('chmod', ['755', context])
  const names = [inside, join(context, 'link')]
  swapping = spawn('python3', ['-c', SWAP, ...names], {
    uid: NOBODY,
    gid: NOBODY,
    stdio: 'inherit',
  })
})
afterAll(async () => {
  swapping?.kill('SIGKILL')
  await world.remove()
})

/** Files with what is outside; a link that came along is not followed. */
const leaksIn = (directory: string): string =>
  spawnSync('grep', ['-rl', 'OUTSIDE', directory], { encoding: 'utf8' }).stdout

const written = (dockerfile: string): string => {
  const path = join(world.home, `Dockerfile-${dockerfile.length}`)
  writeFileSync(path, dockerfile.replaceAll('BASE', base()))
  return path
}

test.each([
  ['the directory', 'FROM scratch\nCOPY d /d/\n'],
  ['all of the context', 'FROM scratch\nCOPY . /all/\n'],
  ['files of it', 'FROM scratch\nCOPY d/f1 d/f2 d/sub/f3 /f/\n'],
  ['a pattern', 'FROM scratch\nCOPY d/f* /f/\n'],
  ['what only the other one has', 'FROM scratch\nCOPY d/onl[y] d/f1 /f/\n'],
  ['paths with their parents', 'FROM scratch\nCOPY --parents d/sub/f* /f/\n'],
  ['a part', 'FROM scratch\nCOPY --exclude=**/f1 d /d/\n'],
  [
    'a mount',
    'FROM BASE AS r\nRUN --mount=type=bind,target=/m mkdir /o; cp /m/d/f1 /m/d/sub/f* /o/; cp -R /m/d/. /o/; true\nFROM scratch\nCOPY --from=r /o /o\n',
  ],
  [
    'a mount of it',
    'FROM BASE AS r\nRUN --mount=type=bind,source=d,target=/m mkdir /o; cp -R /m/. /o/; true\nFROM scratch\nCOPY --from=r /o /o\n',
  ],
])('a directory that becomes a link and back while %s is copied', async (_, dockerfile) => {
  const file = written(dockerfile)
  for (let round = 0; round < ROUNDS; round++) {
    const out = mkdtempSync(join(world.home, 'out-'))
    chownSync(out, world.ids.uid, world.ids.gid)
    const outcome = await build(world, context, ['--no-cache', '-f', file, '-o', out])
    expect(outcome.stderr).not.toContain('OUTSIDE')
    expect(leaksIn(out)).toBe('')
    expect([0, 1]).toContain(outcome.exitCode)
    if (outcome.exitCode === 1) expect(outcome.stderr).toMatch(/\nERROR: failed to solve: /)
  }
  expect(swapping.exitCode).toBeNull()
})
