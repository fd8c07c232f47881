import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { base, build, built, cachedSteps } from '../helpers/builds.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let context: string

beforeAll(async () => {
  world = makeWorld('build-names')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(() => world.remove())

const at = (...parts: (string | number)[]): Buffer =>
  Buffer.concat(
    [`${context}/`, ...parts].map((part) =>
      typeof part === 'number' ? Buffer.of(part) : Buffer.from(part),
    ),
  )

/** A context with names that are no UTF-8, a pipe and a socket. */
beforeEach(() => {
  context = mkdtempSync(join(world.home, 'context-'))
  mkdirSync(join(context, 'd'))
  mkdirSync(at('d/n', 0xe9))
  writeFileSync(at('d/b', 0xe4, 'd'), 'bad')
  writeFileSync(at('d/', 0xff, 0xfe), 'two')
  writeFileSync(at('d/ä'), 'good')
  writeFileSync(at('d/n', 0xe9, '/f'), 'below')
  writeFileSync(at('d/left-out'), 'no')
  const socket =
    'use Socket; socket(S,AF_UNIX,SOCK_STREAM,0); bind(S,sockaddr_un("sock")) or die $!'
  execFileSync('mkfifo', [join(context, 'd/pipe')])
  execFileSync('perl', ['-e', socket], { cwd: join(context, 'd') })
})

function write(dockerfile: string, ignore = ''): void {
  writeFileSync(join(context, 'Dockerfile'), dockerfile.replaceAll('BASE', base()))
  if (ignore !== '') writeFileSync(join(context, '.dockerignore'), ignore)
  execFileSync('chown', ['-hR', `${world.ids.uid}:${world.ids.gid}`, context])
}

/** What a build writes, a line each: type and name as `cat -v` shows it. */
async function filesOf(...flags: string[]): Promise<string[]> {
  const out = mkdtempSync(join(world.home, 'out-'))
  execFileSync('chown', [`${world.ids.uid}:${world.ids.gid}`, out])
  const outcome = await build(world, context, ['-o', out, ...flags])
  expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
  const list = 'find . -mindepth 1 -printf "%y %P\\n" | LC_ALL=C cat -v'
  const said = execFileSync('bash', ['-c', list], { cwd: out, encoding: 'utf8' })
  return sorted(said.split('\n').filter(Boolean))
}

const ALL = ['f M-CM-$', 'f M-^?M-~', 'f bM-dd', 'p pipe']
const below = (directory: string, lines: string[]): string[] =>
  lines.map((line) => line.replace(' ', ` ${directory}/`))
const sorted = (lines: string[]): string[] => lines.sort((one, other) => (one < other ? -1 : 1))

describe('names that are no UTF-8', () => {
  test('come with their directory', async () => {
    write('FROM scratch\nCOPY d /d\n')
    const own = ['d nM-i', 'f left-out', 'f nM-i/f', ...ALL]
    expect(await filesOf()).toEqual(sorted(['d d', ...below('d', own)]))
  })

  test('come where something beside them is left out', async () => {
    write('FROM scratch\nCOPY d /d\n', 'd/left-out\n')
    const own = ['d nM-i', 'f nM-i/f', ...ALL]
    expect(await filesOf()).toEqual(sorted(['d d', ...below('d', own)]))
  })

  test('count as one character for each byte, in sources and in what is left out', async () => {
    write('FROM scratch\nCOPY d/b?d /a/\nCOPY d/?? /b/\nCOPY --exclude=n? d /c/\n', '**/n?/f\n')
    expect(await filesOf()).toEqual(
      sorted([
        ...['d a', 'f a/bM-dd', 'd b', 'f b/M-^?M-~', 'd c', 'f c/left-out'],
        ...below('c', ALL),
      ]),
    )
  })

  test('of a stage', async () => {
    write(
      'FROM BASE AS a\nCOPY d /q\nRUN mkdir /made && touch /made/$(printf "r\\\\344w")\nFROM scratch\nCOPY --from=a /made/r?w /q/b* /to/\nCOPY --from=a --exclude=left-out /q/ /q/\n',
    )
    expect(await filesOf()).toEqual(
      sorted([
        ...['d to', 'f to/rM-dw', 'f to/bM-dd', 'd q', 'd q/nM-i', 'f q/nM-i/f'],
        ...below('q', ALL),
      ]),
    )
  })

  test('that differ in such a byte are two', async () => {
    write('FROM BASE\nCOPY d/b* /d/\n')
    await built(world, context)
    expect(cachedSteps(await built(world, context))).toHaveLength(2)
    renameSync(at('d/b', 0xe4, 'd'), at('d/b', 0xf6, 'd'))
    expect(cachedSteps(await built(world, context))).toHaveLength(1)
  })
})

test('a socket is passed over; nobody can ask for it', async () => {
  write('FROM scratch\nCOPY d/sock /\n')
  const { exitCode, stderr } = await build(world, context)
  expect(exitCode).toBe(1)
  expect(stderr).toContain('"/d/sock": not found')
})

test('a pipe is a pipe, and nobody waits at it', async () => {
  write('FROM scratch\nCOPY d/pipe /\n')
  expect(await filesOf()).toEqual(['p pipe'])
})
